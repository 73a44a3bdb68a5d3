"""What is served by the decisions so far, and what a job gets that makes the next one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from pyspark.sql import DataFrame


class State(NamedTuple):
    """Lists that are or were served: their as-of day, and the Delta version of each table.

    The version pins them: a later run of the same day changes nothing here.
    """

    as_of: date
    versions: Mapping[str, int]


@dataclass(frozen=True)
class Decision:
    """One row of `promotions`, as far as it says what is served."""

    number: int
    decision: str
    served: State | None
    """None: nothing yet."""

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Decision":
        """The decision of a row as a dict; a map may come as pairs."""
        day = row["served_as_of"]
        served = None if day is None else State(day, dict(row["served_versions"]))
        return cls(row["number"], row["decision"], served)


@dataclass(frozen=True)
class Serving:
    """What a job sees that decides whether its day's lists become those that are served.

    decisions: all so far, the oldest first;
    candidates: the day's own lists;
    served: the rows of each table as they are served; {} where nothing is;
    unreadable: why the rows of a table that is served cannot be read any more, by its name;
    made_with: the parameters, by table, of the runs that made a day's lists and what they are of,
    as the day's evaluation read them, or for the as-of day itself as they are now.
    """

    decisions: Sequence[Decision]
    candidates: State
    served: Mapping[str, DataFrame]
    unreadable: Mapping[str, str]
    made_with: Callable[[date], Mapping[str, Any]]

    @property
    def state(self) -> State | None:
        """What is served now."""
        return self.decisions[-1].served if self.decisions else None
