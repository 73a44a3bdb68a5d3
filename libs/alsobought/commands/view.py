"""Which lists a command is about: the options that choose them, and what there is to choose."""

import difflib
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, get_args

import typer

from alsobought.commands import completion
from alsobought.commands.options import DefaultEnv, LatestDay, RowOptions
from alsobought.commands.served_lists import Served, pin_served, require_one_day
from alsobought.copurchase.settings import Baskets, Kind, Lists, Markets
from alsobought.errors import AmbiguousError, JobError, NotFoundError
from alsobought.runtime import config
from alsobought.runtime.config import Environment
from alsobought.runtime.warehouse import Row, Warehouse, quoted

MOST_NAMED = 10
ALL = "all"
KINDS = ("unit", "metric", "relation", "market")

ItemWords = Annotated[
    str,
    typer.Argument(
        help="An item's id, or words of its title, brand and category.",
        autocompletion=completion.items,
    ),
]


@dataclass(frozen=True, kw_only=True)
class ListOptions(RowOptions):
    """The options that choose lists; None where one is not given."""

    env: DefaultEnv = "demo"
    unit: Annotated[
        str | None,
        typer.Option(help="order or customer; by default each that the environment has."),
    ] = None
    metric: Annotated[
        str | None,
        typer.Option(
            help="The score; by default those of the environment.",
            autocompletion=completion.metrics,
        ),
    ] = None
    relation: Annotated[
        str | None, typer.Option(help="How items are related; by default 'together'.")
    ] = None
    market: Annotated[
        str | None,
        typer.Option(
            help="A market, a group of markets, or for `show` all of them; by default that of "
            "[markets], or the only one.",
            autocompletion=completion.markets,
        ),
    ] = None
    as_of: LatestDay = None
    served: Served = False

    def as_typed(self) -> str:
        """The options that are given, as they are typed."""
        given = {name: getattr(self, name) for name in ("env", *KINDS, "as_of")}
        words = [f"--{n.replace('_', '-')} {shlex.quote(v)}" for n, v in given.items() if v]
        return " ".join([*words, *(["--served"] if self.served else [])])


@dataclass(frozen=True)
class View:
    """The lists that a command is about."""

    warehouse: Warehouse
    environment: Environment
    day: str
    market: str
    relation: str
    units: list[str]
    metrics: list[str]

    def __str__(self) -> str:
        """Which lists these are, for the reader."""
        return f"as of {self.day}, market {self.market}, {self.relation}"

    @property
    def columns(self) -> Row:
        """What all rows of these lists share, for programs."""
        return {"as_of": self.day, "market": self.market, "relation": self.relation}

    @property
    def of_market(self) -> str:
        """The rows of a table without units, as a condition of SQL."""
        return f"as_of = DATE {quoted(self.day)} AND market = {quoted(self.market)}"

    def of_unit(self, unit: str) -> str:
        """The rows of item_statistics of one unit, as a condition of SQL."""
        return f"{self.of_market} AND unit = {quoted(unit)}"

    def of_relation(self, unit: str) -> str:
        """The rows of related_items of one unit, as a condition of SQL."""
        return f"{self.of_unit(unit)} AND relation = {quoted(self.relation)}"

    @property
    def counted(self) -> str:
        """The relation whose counts the lists are made of."""
        return "together" if self.relation in get_args(Kind) else self.relation

    def of_counts(self, unit: str) -> str:
        """The rows of co_purchases of one unit that the lists are made of, as a condition."""
        return f"{self.of_unit(unit)} AND relation = {quoted(self.counted)}"


def chosen_view(home: Path, options: ListOptions) -> View:
    """The lists that the options choose; raises JobError where there are none of the kind.

    By default: the latest day, the market of [markets] or the only one, 'together', every unit and
    metric of the environment.
    """
    return chosen_views(home, options, every_market=None)[0]


def chosen_views(home: Path, options: ListOptions, every_market: str | None = ALL) -> list[View]:
    """The lists that the options choose, one view for each market, as `chosen_view`.

    Several: all markets and groups, where the option is `every_market` and no market is called so.
    """
    require_one_day(options.served, options.as_of)
    environment = config.load_sections(home, options.env, Baskets, Lists, Markets)
    warehouse = Warehouse.of(home, environment)
    if options.served:
        day = pin_served(warehouse, "related_items")
    else:
        day = chosen_day(warehouse, "related_items", options.as_of)
    rows = warehouse.rows(
        f"SELECT DISTINCT {', '.join(KINDS)} FROM related_items WHERE as_of = DATE {quoted(day)}",
        "related_items",
    )
    choices = {kind: sorted({row[kind] for row in rows}) for kind in KINDS}
    units: list[str] = [options.unit] if options.unit else [*environment.section(Baskets).units]
    metrics = [options.metric] if options.metric else environment.section(Lists).metrics
    require("unit", options.unit or choices["unit"][0], choices["unit"])
    require("metric", metrics[0], choices["metric"])
    relation = require("relation", options.relation or "together", choices["relation"])
    markets = choices["market"]
    if options.market is None or options.market != every_market or every_market in markets:
        section: Markets = getattr(environment, Markets.section) or Markets()
        markets = [_market(options.market or section.default, markets)]
    return [
        View(warehouse, environment, day, market, relation, units, metrics) for market in markets
    ]


def _market(name: str | None, markets: list[str]) -> str:
    """The market of this name; None: the only one."""
    if name is None and len(markets) > 1:
        raise AmbiguousError(f"Choose a market with --market: {', '.join(markets)}.")
    return require("market", name or markets[0], markets)


def chosen_day(warehouse: Warehouse, name: str, as_of: str | None) -> str:
    """The day `as_of`, or the table's latest. Raises JobError where the table does not have it."""
    days = warehouse.days(name)
    if not days:
        raise JobError(f"{name} is empty: run the job {name} first.")
    return require("as-of day", as_of or days[-1], days, name)


def require(kind: str, value: str, choices: list[str], table: str = "related_items") -> str:
    """The value. Raises NotFoundError where it is not among the choices, and names these, or the
    closest."""
    if value in choices:
        return value
    raise NotFoundError(f"{table} has no {kind} {value!r}; {_there_are(value, choices)}.")


def _there_are(value: str, choices: list[str]) -> str:
    """All choices, or where there are many the closest ones and how many more there are."""
    if len(choices) <= MOST_NAMED:
        return f"it has {', '.join(choices)}"
    closest = difflib.get_close_matches(value, choices, MOST_NAMED, 0) or choices[-MOST_NAMED:]
    return f"closest are {', '.join(closest)}, of {len(choices):,}"
