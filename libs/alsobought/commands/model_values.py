"""What the evaluations of a day say of two models, metric by metric."""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from alsobought.commands.view import require
from alsobought.errors import NotFoundError
from alsobought.runtime.warehouse import Row, Warehouse, quoted

ORDER = ("hit", "precision", "recall", "map", "ndcg", "mrr")  # then the others, by name
HISTORY = ("0", "1", "2-4", "5-19", "20+")
DIFFERENCE = ("difference", "difference_low", "difference_high", "leaves_out_0")
PLACE = ("cut_off", "items", "segment_by", "segment", "metric", "k")


class Place(NamedTuple):
    """What a value is of: the columns of evaluations that tell it from others of its model."""

    cut_off: date
    items: str
    segment_by: str
    segment: str
    metric: str
    k: int


class Estimate(NamedTuple):
    """A value with its 95 % interval, where it has one."""

    value: float
    low: float | None
    high: float | None

    @property
    def is_above_0(self) -> bool:
        """Whether the interval lies above 0, and leaves it out."""
        return self.low is not None and self.low > 0

    @property
    def is_below_0(self) -> bool:
        """Whether the interval lies below 0, and leaves it out."""
        return self.high is not None and self.high < 0

    def in_words(self) -> str:
        """The value, and its interval in brackets."""
        if self.low is None or self.high is None:
            return f"{self.value:z.4f}"
        return f"{self.value:z.4f} ({self.low:z.4f} to {self.high:z.4f})"

    def negated(self) -> "Estimate":
        """The same seen from the other side."""
        turned = [None if bound is None else -bound for bound in (self.high, self.low)]
        return Estimate(-self.value, *turned)


@dataclass(frozen=True)
class Compared:
    """Two models' values of one metric, and their paired difference where it was computed."""

    models: tuple[str, str]
    place: Place
    customers: int
    value: Estimate
    other: Estimate
    difference: Estimate | None

    def as_row(self, day: str) -> Row:
        """The comparison for programs."""
        difference: Row = dict.fromkeys(DIFFERENCE)
        if self.difference is not None:
            leaves_out_0 = self.difference.is_above_0 or self.difference.is_below_0
            difference = dict(zip(DIFFERENCE, (*self.difference, leaves_out_0), strict=True))
        return {
            "as_of": day,
            **self.place._asdict(),
            "customers": self.customers,
            "model": self.models[0],
            **_named("", "value", self.value),
            "other": self.models[1],
            **_named("other_", "other_value", self.other),
            **difference,
        }


@dataclass(frozen=True)
class ModelValues:
    """The evaluations of one as-of day."""

    warehouse: Warehouse
    day: str

    def compared(self, model: str, other: str) -> list[Compared]:
        """The two models' values wherever both were judged, in the order in which they are told.

        Raises NotFoundError where a model was not judged, or both nowhere.
        """
        self._require(model, other)
        names = f"({quoted(model)}, {quoted(other)})"
        rows = self._rows(
            f"model IN {names} AND (compared_with IS NULL OR compared_with IN {names})"
        )
        by_place: dict[Place, dict[tuple[str, str | None], Row]] = {}
        for row in rows:
            place = Place(*(row[name] for name in PLACE))
            by_place.setdefault(place, {})[row["model"], row["compared_with"]] = row
        common = [
            _compared((model, other), place, by_place[place])
            for place in sorted(by_place, key=_order)
            if {(model, None), (other, None)} <= by_place[place].keys()
        ]
        if not common:
            raise NotFoundError(f"{model} and {other} have lists of no common cut-off.")
        return common

    def hit_rates(self) -> list[Row]:
        """The hit rates of every model, of all customers: of all cut-offs together where these were
        computed, else at the newest."""
        rows = self._rows("metric = 'hit' AND compared_with IS NULL")
        newest = max(row["cut_off"] for row in rows)
        of_newest = [row for row in rows if row["cut_off"] == newest]
        pooled = [row for row in of_newest if row["segment_by"] == "cut_offs"]
        return pooled or [row for row in of_newest if row["segment_by"] == "everyone"]

    def _require(self, *models: str) -> None:
        rows = self.warehouse.rows(
            f"SELECT DISTINCT model FROM evaluations WHERE as_of = DATE {quoted(self.day)}"
            " ORDER BY model",
            "evaluations",
        )
        there = [row["model"] for row in rows]
        for model in models:
            require("model", model, there, f"evaluations of {self.day}")

    def _rows(self, condition: str) -> list[Row]:
        return self.warehouse.rows(
            f"SELECT {', '.join(PLACE)}, model, compared_with, customers, value, low, high"
            f" FROM evaluations WHERE as_of = DATE {quoted(self.day)} AND {condition}",
            "evaluations",
        )


def _compared(
    models: tuple[str, str], place: Place, rows: dict[tuple[str, str | None], Row]
) -> Compared:
    model, other = models
    difference = None
    if (model, other) in rows:
        difference = _estimate(rows[model, other])
    elif (other, model) in rows:
        difference = _estimate(rows[other, model]).negated()
    values = _estimate(rows[model, None]), _estimate(rows[other, None])
    return Compared(models, place, rows[model, None]["customers"], *values, difference)


def _estimate(row: Row) -> Estimate:
    return Estimate(row["value"], row["low"], row["high"])


def _named(prefix: str, name: str, estimate: Estimate) -> Row:
    return {name: estimate.value, f"{prefix}low": estimate.low, f"{prefix}high": estimate.high}


def _order(place: Place) -> tuple[object, ...]:
    """Newest cut-off first, everyone before segments, the primary metric before others."""
    metric = ORDER.index(place.metric) if place.metric in ORDER else len(ORDER)
    is_segment = place.segment_by != "everyone"
    segment = HISTORY.index(place.segment) if place.segment in HISTORY else len(HISTORY)
    return (
        -place.cut_off.toordinal(),
        place.items != "new",
        is_segment,
        place.segment_by,
        segment,
        place.segment,
        metric,
        place.metric,
        place.k,
    )
