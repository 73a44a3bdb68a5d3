"""Plots as SVG within the page: by matplotlib, without its styles, in the page's own colours."""

import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from markupsafe import Markup

SERIES = 6
"""Colours of series that can be told apart; more series begin again, with another marker."""
MARKERS = "osD^vP"
# Colours that stand for the page's: each becomes a class, which has one for light and for dark.
INK, QUIET, LINE = "#000101", "#000202", "#000303"
COLOURS = [f"#0000{n + 16:02x}" for n in range(SERIES)]
CLASSES = {INK: "ink", QUIET: "quiet-ink", LINE: "line"} | {
    colour: f"s{n + 1}" for n, colour in enumerate(COLOURS)
}
STYLES: dict[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "alsobought",
    "font.size": 11,
    "axes.edgecolor": LINE,
    "axes.labelcolor": QUIET,
    "text.color": INK,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.labelcolor": INK,
}


@dataclass(frozen=True)
class Points:
    """A series: a name, and for each of the plot's places a value with its interval, or None."""

    name: str
    values: Sequence[float | None]
    low: Sequence[float | None] = ()
    high: Sequence[float | None] = ()


@dataclass(frozen=True)
class Said:
    """What a plot is called, and what stands at its axes."""

    name: str
    meaning: str
    x: str = ""
    y: str = ""


def intervals(said: Said, labels: Sequence[str], series: Sequence[Points]) -> Markup:
    """A line a label, from the first at the top; a point with its interval for each series."""
    with _Axis((6.4, 1.1 + 0.3 * len(labels))) as drawn:
        axis = drawn.axis
        for n, points in enumerate(series):
            shift = 0.18 * (n - (len(series) - 1) / 2)
            places = [-place - shift for place in range(len(labels))]
            _points(axis, n, points, places, is_across=True)
        axis.set_yticks([-place for place in range(len(labels))], labels)
        axis.set(xlabel=said.x)
        axis.grid(axis="x")
        if len(series) > 1:
            axis.legend(loc="best")
        return drawn.svg(said)


def lines(said: Said, labels: Sequence[str], series: Sequence[Points]) -> Markup:
    """A line for each series over the labels, with its intervals."""
    with _Axis((9.0, 3.6)) as drawn:
        axis = drawn.axis
        for n, points in enumerate(series):
            shift = 0.04 * (n - (len(series) - 1) / 2)
            _points(axis, n, points, [at + shift for at in range(len(labels))], is_across=False)
        axis.set_xticks(range(len(labels)), labels)
        axis.set(xlabel=said.x, ylabel=said.y)
        axis.grid(axis="y")
        axis.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
        return drawn.svg(said)


def stacked(said: Said, labels: Sequence[str], series: Sequence[Points]) -> Markup:
    """A bar for each label, made of the series' values; None is 0."""
    with _Axis((9.0, 3.6)) as drawn:
        axis, below = drawn.axis, [0.0] * len(labels)
        for n, points in enumerate(series):
            values = [value or 0.0 for value in points.values]
            colour = COLOURS[n % SERIES]
            axis.bar(range(len(labels)), values, 0.7, bottom=below, color=colour, label=points.name)
            below = [a + b for a, b in zip(below, values, strict=True)]
        axis.set_xticks(range(len(labels)), labels)
        axis.set(xlabel=said.x, ylabel=said.y)
        axis.grid(axis="y")
        axis.set_axisbelow(True)
        axis.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), reverse=True)
        return drawn.svg(said)


def against(said: Said, series: Sequence[tuple[str, Sequence[float], Sequence[float]]]) -> Markup:
    """Values against what they should be: name, x and y of each series, and the line x = y."""
    with _Axis((6.0, 4.4)) as drawn:
        axis = drawn.axis
        end = max((v for _, x, y in series for v in (*x, *y)), default=1.0)
        axis.plot([0, end], [0, end], color=QUIET, linewidth=0.8, linestyle="--", label="exact")
        for n, (name, x, y) in enumerate(series):
            marker, colour = MARKERS[n % SERIES], COLOURS[n % SERIES]
            axis.plot(x, y, marker=marker, markersize=4, color=colour, label=name)
        axis.set(xlabel=said.x, ylabel=said.y)
        axis.grid()
        axis.legend(loc="best")
        return drawn.svg(said)


def _points(axis: Any, n: int, points: Points, places: Sequence[float], *, is_across: bool) -> None:
    """Draw those places of a series that have a value."""
    there = [at for at, value in enumerate(points.values) if value is not None]
    values = [float(points.values[at] or 0.0) for at in there]
    errors = [
        [abs(_or(bounds, at, value) - value) for at, value in zip(there, values, strict=True)]
        for bounds in (points.low, points.high)
    ]
    where = [places[at] for at in there]
    style = {"color": COLOURS[n % SERIES], "markersize": 4, "label": points.name}
    style |= {"marker": MARKERS[n // SERIES % len(MARKERS)], "linewidth": 1.2, "elinewidth": 1.0}
    if is_across:
        axis.errorbar(values, where, xerr=errors, **style | {"linestyle": "none"})
    else:
        axis.errorbar(where, values, yerr=errors, **style)


def _or(bounds: Sequence[float | None], at: int, value: float) -> float:
    bound = bounds[at] if at < len(bounds) else None
    return value if bound is None else bound


class _Axis:
    """An axis of a figure of so many inches, in the page's colours."""

    def __init__(self, size: tuple[float, float]) -> None:
        import matplotlib as mpl  # half a second, for reports with plots alone
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure

        self._styles = mpl.rc_context(cast(Any, STYLES))
        self._styles.__enter__()
        self._figure = Figure(figsize=size, layout="constrained")
        FigureCanvasSVG(self._figure)
        self.axis: Any = self._figure.subplots()

    def __enter__(self) -> "_Axis":
        return self

    def __exit__(self, *raised: object) -> None:
        self._styles.__exit__(None, None, None)

    def svg(self, said: Said) -> Markup:
        """The figure as SVG for the page."""
        file = io.StringIO()
        self._figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
        return within_page(file.getvalue(), said)


def within_page(svg: str, said: Said) -> Markup:
    """An SVG of matplotlib as an element of the page, named for screen readers.

    It has no style, as a page whose policy lets in none needs attributes and classes instead, and
    no id but those that something refers to.
    """
    root = ET.fromstring(svg)
    for parent in root.iter():
        for child in [*parent]:
            if child.tag.rpartition("}")[2] in ("metadata", "style"):
                parent.remove(child)
    for element in root.iter():
        _plain(element)
    _renamed(root, said.name)
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    root.attrib |= {"class": "plot", "role": "img", "aria-label": said.meaning}
    return Markup(re.sub(r">\s+<", "><", ET.tostring(root, encoding="unicode")))


def _plain(element: ET.Element) -> None:
    """Take the namespaces off an element, and its style."""
    element.tag = element.tag.rpartition("}")[2]
    attributes = {name.rpartition("}")[2]: value for name, value in element.attrib.items()}
    element.attrib.clear()
    element.attrib |= {name: value for name, value in attributes.items() if name != "style"}
    _unstyled(element, attributes.get("style", ""))


def _unstyled(element: ET.Element, style: str) -> None:
    """Put what a style says into attributes, and colours of the page's into classes."""
    classes = []
    for part in style.split(";"):
        name, _, value = (piece.strip() for piece in part.partition(":"))
        if name == "font":
            size = re.search(r"[\d.]+px", value)
            name, value = "font-size", size[0] if size else "11px"
        if name in ("fill", "stroke") and value in CLASSES:
            classes.append(f"{name}-{CLASSES[value]}")
        elif name and not name.startswith(("-", "font-family")):
            element.set(name, value)
    if classes:
        element.set("class", " ".join(classes))


def _renamed(root: ET.Element, name: str) -> None:
    """Keep the ids that something refers to, under the plot's name."""
    text = ET.tostring(root, encoding="unicode")
    wanted = dict.fromkeys(re.findall(r'(?:href="#|url\(#)([\w-]+)', text))
    names = {old: f"{name}-{n}" for n, old in enumerate(wanted)}
    for element in root.iter():
        old = element.attrib.pop("id", None)
        if old in names:
            element.set("id", names[old])
        for attribute, value in element.attrib.items():
            if attribute == "href":
                element.set("href", f"#{names[value[1:]]}")
            elif value.startswith("url(#"):
                element.set(attribute, f"url(#{names[value[5:-1]]})")
