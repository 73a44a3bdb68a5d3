"""Plots within the page: no style, ids of their own, the same again, named for screen readers."""

import re
import xml.etree.ElementTree as ET
from functools import cache

from alsobought.report import plots
from alsobought.report.plots import Points, Said

SAID = Said("hits", 'Hits of "tea" & <jam>', x="share")
HOSTILE = "<script>alert('x')</script>\""


@cache
def drawn(again=False):
    series = [Points("k", [0.1, None, 0.3], [0.05, None, None], [0.2, None, 0.35])]
    return [
        plots.intervals(SAID, ["a", "b", HOSTILE], series),
        plots.lines(SAID, ["a", "b", "c"], [*series, Points(HOSTILE, [1.0, 2.0, 3.0])]),
        plots.stacked(SAID, ["a", "b", "c"], [Points(str(n), [1.0, None, 2.0]) for n in range(8)]),
        plots.against(SAID, [("one", [0.1, 0.2], [0.1, 0.3]), ("two", [], [])]),
    ]


def test_a_plot_has_no_style_and_no_script():
    for svg in drawn():
        root = ET.fromstring(svg)
        assert not {element.tag for element in root.iter()} & {"style", "metadata", "script"}
        assert not [element for element in root.iter() if "style" in element.attrib]
        assert root.attrib["aria-label"] == 'Hits of "tea" & <jam>'
        assert (root.attrib["role"], root.attrib["class"]) == ("img", "plot")


def test_colours_are_the_pages():
    for svg in drawn():
        assert not re.findall("#0000|#0001", svg)
    assert "fill-s6" in drawn()[2]
    assert "stroke-line" in drawn()[2]


def test_ids_are_those_that_something_refers_to():
    for svg in drawn():
        ids = re.findall(r' id="([^"]+)"', svg)
        referred = {a or b for a, b in re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', svg)}
        assert set(ids) == referred
        assert len(ids) == len(set(ids))
        assert all(name.startswith("hits-") for name in ids)


def test_text_stays_text_whatever_it_says():
    assert "&lt;script&gt;" in drawn()[0]
    assert "<script" not in "".join(drawn())


def test_the_same_values_give_the_same_plot():
    assert drawn(again=True) == drawn()
