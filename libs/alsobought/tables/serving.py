"""What is served by the decisions so far, and what a job gets that makes the next one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from pyspark.sql import DataFrame


class State(NamedTuple):
    """Lists that are or were served: their as-of day, and the Delta version of each table.

    The version pins them: a later run of the same day changes nothing here. The table's own id goes
    with it, as versions start again where a table is made anew.
    """

    as_of: date
    versions: Mapping[str, int]
    table_ids: Mapping[str, str]


class HitRate(NamedTuple):
    """How often a model's lists of a cut-off held a purchase within k places, of everyone."""

    cut_off: date
    model: str
    compared_with: str | None
    """The value is the mean difference to this model, customer by customer; None: the rate."""
    items: str
    k: int
    customers: int
    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Decision:
    """One row of `promotions`: what was decided about a day's lists, and what is served since."""

    number: int
    decision: str
    decided_as_of: date
    served: State | None
    """None: nothing yet."""
    hit_rates: tuple[HitRate, ...] = ()
    """Of the served lists, as they were evaluated when they were promoted."""
    reasons: tuple[str, ...] = ()

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Decision":
        """The decision of a row as a dict; a map may come as pairs."""
        day = row["served_as_of"]
        pins = dict(row["served_versions"]), dict(row["served_tables"])
        return cls(
            row["number"],
            row["decision"],
            row["decided_as_of"],
            None if day is None else State(day, *pins),
            tuple(HitRate(**rate) for rate in row["served_hit_rates"]),
            tuple(row["reasons"]),
        )


@dataclass(frozen=True)
class Serving:
    """What a job sees that decides whether its day's lists become those that are served.

    decisions: all so far, the oldest first;
    candidates: the day's own lists;
    served: the rows of each table as they are served; {} where nothing is;
    unreadable: why the rows of a table that is served cannot be read any more, by its name;
    made_with: the parameters, by table, of the runs that made a day's lists and what they are of,
    as the day's evaluation read them, or for the as-of day itself as they are now;
    served_made_with: those of the lists that are served; {} where that is not known.
    """

    decisions: Sequence[Decision]
    candidates: State
    served: Mapping[str, DataFrame]
    unreadable: Mapping[str, str]
    made_with: Callable[[date], Mapping[str, Any]]
    served_made_with: Callable[[], Mapping[str, Any]]

    @property
    def state(self) -> State | None:
        """What is served now."""
        return self.decisions[-1].served if self.decisions else None

    @property
    def hit_rates(self) -> tuple[HitRate, ...]:
        """Those of the lists that are served now."""
        return self.decisions[-1].hit_rates if self.decisions else ()
