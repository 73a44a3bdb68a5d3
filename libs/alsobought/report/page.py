"""The page as HTML: its sections, each with its template, or with what to run where it is empty."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from alsobought.report import shown_text

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; base-uri 'none';"
    " form-action 'none'"
)
"""What the page may load: scripts and styles from beside it, and nothing from anywhere else."""
ASSETS = ("page.css", "page.js")
FILTERS = ("figure", "count", "share", "share2", "megabytes", "seconds")


@dataclass(frozen=True)
class Empty:
    """Why a section has nothing to show, and what to run; no command: there is nothing to run."""

    why: str
    command: str = ""


@dataclass(frozen=True)
class Section:
    """A part of the page: `name` is its anchor and its template's; `facts` are the template's
    values, and None where the section is empty."""

    name: str
    title: str
    facts: Mapping[str, Any] | None
    empty: Empty | None = None


@dataclass(frozen=True)
class Head:
    """What the page is of; `manifest` is what its script has to know."""

    environment: str
    day: date
    version: str
    manifest: Mapping[str, Any]
    names_customers: bool = False


def page(head: Head, sections: Sequence[Section]) -> str:
    """The page as HTML. All values are escaped: whatever a title says, it stays text."""
    text = (
        _templates()
        .get_template("page.html")
        .render(**vars(head), sections=sections, policy=POLICY)
    )
    return text.lstrip() + "\n"


def assets() -> dict[str, str]:
    """The files beside the page that are the same for every report, by name."""
    folder = files("alsobought.report") / "templates"
    return {name: (folder / name).read_text(encoding="utf-8") for name in ASSETS}


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("alsobought.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_printable,
    )
    environment.filters |= {name: getattr(shown_text, name) for name in FILTERS}
    environment.filters["urlencode_all"] = lambda text: quote(text, safe="")
    return environment


def _printable(value: Any) -> Any:
    """What is put into the page: text of sources without signs that no page may hold."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return shown_text.printable(value)
    return value
