"""What is looked at before lists are served: each check with its value, limit and reason."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

from alsobought.evaluate.gate.decisions import rolled_back_by
from alsobought.tables.serving import Serving, State

ITEMS = {"new": "new items", "all": "all items"}
CHANGE_NO_ROW = ("task_memory_mb",)  # parameters of jobs
DIGITS = 12  # of limits: a difference of two shares is no neat number


class Check(NamedTuple):
    """One entry of `checks` in promotions: limit None where there is nothing to compare with."""

    name: str
    value: float | None
    limit: float | None
    passed: bool
    reason: str


@dataclass(frozen=True)
class ListCounts:
    """How a table's rows of the day compare with those that are served."""

    rows: int
    served_rows: int
    served_lists: int
    changed_lists: int
    """Served lists of whose items more than half are not in the day's list, or that are gone."""


@dataclass(frozen=True)
class Coverage:
    """How many of those that should have a list do have one."""

    every: int
    with_list: int

    @property
    def share(self) -> float:
        """The part with a list; 1 of none."""
        return self.with_list / self.every if self.every else 1.0


class HitRate(NamedTuple):
    """How often a model's lists of a cut-off held a purchase, as the day `as_of` has judged."""

    as_of: date
    cut_off: date
    model: str
    items: str
    customers: int
    value: float


def day_check(serving: Serving, as_of: date) -> Check:
    """Whether the day is no earlier than that of the served lists."""
    if serving.state is None:
        return Check("day", None, None, True, "Nothing has been served before.")
    day, age = serving.state.as_of, float((as_of - serving.state.as_of).days)
    if age >= 0:
        return Check("day", age, 0.0, True, f"{as_of} is {age:.0f} days after {day}.")
    reason = (
        f"{as_of} is before {day}, which is served: alsobought rollback --to {as_of} serves it "
        f"where it was promoted once."
    )
    return Check("day", age, 0.0, False, reason)


def rollback_check(serving: Serving) -> Check:
    """Whether these very lists have not been rolled back before."""
    number = rolled_back_by(serving.decisions, serving.candidates)
    if number is None:
        return Check("rollback", None, None, True, "The lists have not been rolled back.")
    day = serving.candidates.as_of
    reason = (
        f"The lists of {day} were rolled back by decision {number}: run their jobs again, or "
        f"alsobought rollback --to {day}."
    )
    return Check("rollback", None, None, False, reason)


def age_check(newest: date | None, as_of: date, most: int) -> Check:
    """Whether purchases have arrived up to the day; `newest`: the day of the last, None: none."""
    name = "days since the newest purchase"
    if newest is None:
        return Check(name, None, float(most), False, f"No purchase lies before {as_of}.")
    age = (as_of - timedelta(days=1) - newest).days
    reason = (
        f"The newest purchase before {as_of} is of {newest}, {age} days before the last day that "
        f"counts; {most} may be (max_age_days)."
    )
    return Check(name, float(age), float(most), age <= most, reason)


def rows_check(table: str, counts: ListCounts | str, least: float) -> Check:
    """Whether a table has rows enough; `counts` says why where there are none to compare with."""
    name = f"{table}: rows"
    if isinstance(counts, str):
        return Check(name, None, None, True, counts)
    share = counts.rows / max(1, counts.served_rows)
    reason = (
        f"{table} has {counts.rows:,} rows, and {counts.served_rows:,} are served: {share:.3f} of "
        f"them; the least is {least} (min_rows_share)."
    )
    return Check(name, share, least, share >= least, reason)


def changed_check(table: str, counts: ListCounts | str, most: float) -> Check:
    """Whether enough of a table's served lists stay; `counts` as in rows_check."""
    name = f"{table}: changed lists"
    if isinstance(counts, str):
        return Check(name, None, None, True, counts)
    share = counts.changed_lists / max(1, counts.served_lists)
    reason = (
        f"{table}: of {counts.served_lists:,} served lists {counts.changed_lists:,} are gone or "
        f"lose more than half of their items, {share:.3f}; the most is {most} (max_changed_share)."
    )
    return Check(name, share, most, share <= most, reason)


def coverage_check(name: str, coverage: Coverage, least: float, key: str) -> Check:
    """Whether enough of those that should have a list have one; `key`: of the setting."""
    reason = (
        f"{coverage.with_list:,} of {coverage.every:,} {name}, {coverage.share:.3f}; the least is "
        f"{least} ({key})."
    )
    return Check(name, coverage.share, least, coverage.share >= least, reason)


@dataclass(frozen=True)
class Judged:
    """What the evaluations say, and how much worse a model may be."""

    rates: Sequence[HitRate] | None
    """Those of the as-of day and of the served day; None: the environment has no evaluations."""
    k: int
    margin: float


def evaluation_checks(
    judged: Judged, models: Sequence[str], serving: Serving, as_of: date
) -> list[Check]:
    """Whether each model's hit rate is not worse than that of the served lists.

    The day's evaluation must have judged lists that were made with the parameters of the day's own.
    Where both days have judged some of the same cut-offs, only these are compared. In a shop's
    first nights neither day has lists of earlier days that could be judged: that holds nothing up.
    """
    name = f"hit@{judged.k}"
    if judged.rates is None:
        return [Check(name, None, None, True, "There is no [jobs.evaluations] that judges lists.")]
    if serving.state is None:
        return [Check(name, None, None, True, "Nothing is served that lists could be worse than.")]
    today = [rate for rate in judged.rates if rate.as_of == as_of]
    served = [rate for rate in judged.rates if rate.as_of == serving.state.as_of]
    if not today and not served:
        reason = f"Neither {as_of} nor the served day has lists of earlier days to be judged."
        return [Check(name, None, None, True, reason)]
    missing = [model for model in models if model not in {rate.model for rate in today}]
    if missing:
        return [Check(name, None, None, False, _not_judged(missing, as_of))]
    fault = _made_otherwise({rate.cut_off for rate in today}, serving.made_with, as_of)
    if fault:
        return [Check(name, None, None, False, fault)]
    return [
        _hit_check(
            [rate for rate in today if (rate.model, rate.items) == (model, items)],
            [rate for rate in served if (rate.model, rate.items) == (model, items)],
            f"{name} of {model}, {words}",
            judged.margin,
        )
        for model in models
        for items, words in ITEMS.items()
    ]


def _not_judged(models: Sequence[str], as_of: date) -> str:
    return (
        f"No evaluation of {as_of} judges {', '.join(models)}: make lists of earlier days with the "
        f"same parameters (alsobought run recommendations --with-upstream --as-of an earlier day), "
        f"then alsobought run evaluations --as-of {as_of}."
    )


def _made_otherwise(
    cut_offs: set[date], made_with: Callable[[date], Mapping[str, Any]], as_of: date
) -> str | None:
    """The sentence where a judged day's lists were made with other parameters; None: none were."""
    now = _that_matter(made_with(as_of))
    for cut_off in sorted(cut_offs):
        then = _that_matter(made_with(cut_off))
        other = [table for table in now if then.get(table) != now[table]]
        if other:
            return (
                f"The lists of {cut_off} that the evaluation has judged were made with other "
                f"parameters of {', '.join(other)} than those of {as_of}: alsobought run "
                f"{' '.join(other)} --as-of {cut_off} (and what reads them), then alsobought run "
                f"evaluations --as-of {as_of}."
            )
    return None


def _that_matter(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters by table, without those that change no row."""
    return {
        table: {name: value for name, value in of_table.items() if name not in CHANGE_NO_ROW}
        for table, of_table in parameters.items()
    }


def _hit_check(
    today: Sequence[HitRate], served: Sequence[HitRate], name: str, margin: float
) -> Check:
    common = {rate.cut_off for rate in today} & {rate.cut_off for rate in served}
    if common:
        today = [rate for rate in today if rate.cut_off in common]
        served = [rate for rate in served if rate.cut_off in common]
    value, standard = _mean(today), _mean(served)
    if value is None:
        return Check(name, None, None, False, f"The evaluation has no {name}.")
    if standard is None:
        reason = f"{name} is {value:.4f}; the evaluation of the served day has none."
        return Check(name, value, None, True, reason)
    limit = round(standard - margin, DIGITS)
    reason = (
        f"{name} is {value:.4f}, and {standard:.4f} of the served lists; it may be {margin} lower "
        f"(margin)."
    )
    return Check(name, value, limit, value >= limit, reason)


def _mean(rates: Sequence[HitRate]) -> float | None:
    """The mean over the customers of all cut-offs; None of none."""
    customers = sum(rate.customers for rate in rates)
    return sum(rate.value * rate.customers for rate in rates) / customers if customers else None


def is_served_already(serving: Serving) -> bool:
    """Whether these very lists are those that are served."""
    return serving.state == serving.candidates


def decided(serving: Serving, checks: Sequence[Check]) -> tuple[str, State | None, list[str]]:
    """The decision, what is served by it, and the reasons: all that fails, or that all holds."""
    reasons = [check.reason for check in checks if not check.passed]
    if reasons:
        return "refused", serving.state, reasons
    return "promoted", serving.candidates, [f"All {len(checks)} checks hold."]
