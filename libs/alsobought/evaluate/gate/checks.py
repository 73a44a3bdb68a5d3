"""What is looked at before lists are served: each check with its value, limit and reason."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from alsobought.evaluate.gate.decisions import rolled_back_by
from alsobought.tables.serving import Decision, Serving, State

FEW_ROWS = 1_000
"""Of a market with fewer served rows no share is asked for, only that it has some."""


class Check(NamedTuple):
    """One entry of `checks` in promotions: limit None where there is nothing to compare with."""

    name: str
    value: float | None
    limit: float | None
    passed: bool
    reason: str


@dataclass(frozen=True)
class ListCounts:
    """How a table's rows of the day compare with those that are served, of a market or of all."""

    rows: int
    served_rows: int
    served_lists: int
    changed_lists: int
    """Served lists of whose items more than half are not in the day's list, or that are gone."""

    @classmethod
    def of_all(cls, counts: Iterable["ListCounts"]) -> "ListCounts":
        """The sums over all markets."""
        rows = [(one.rows, one.served_rows, one.served_lists, one.changed_lists) for one in counts]
        return (
            cls(*(sum(column) for column in zip(*rows, strict=True))) if rows else cls(0, 0, 0, 0)
        )


@dataclass(frozen=True)
class Coverage:
    """How many of those that should have a list do have one."""

    every: int
    with_list: int

    @property
    def share(self) -> float:
        """The part with a list; 1 of none."""
        return self.with_list / self.every if self.every else 1.0


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


def tables_check(serving: Serving) -> Check:
    """Whether every table that is served is among those of the day."""
    name = "served tables"
    served = serving.state.versions if serving.state else {}
    lost = sorted(served.keys() - serving.candidates.versions.keys())
    if not lost:
        return Check(name, None, None, True, "The day has every table that is served.")
    sections = " and ".join(f"[jobs.{table}]" for table in lost)
    reason = (
        f"{' and '.join(lost)} would no longer be served: put {sections} back into the "
        f"environment's TOML; or, where nobody reads that any more, move the table promotions away "
        f"and begin anew."
    )
    return Check(name, None, None, False, reason)


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


def rows_check(table: str, counts: Mapping[str, ListCounts] | str, least: float) -> Check:
    """Whether a table has rows enough; `counts`, by market, says why where there are none to
    compare with."""
    name = f"{table}: rows"
    if isinstance(counts, str):
        return Check(name, None, None, True, counts)
    every = ListCounts.of_all(counts.values())
    share = every.rows / max(1, every.served_rows)
    reason = (
        f"{table} has {every.rows:,} rows, and {every.served_rows:,} are served: {share:.3f} of "
        f"them; the least is {least} (min_rows_share)."
    )
    return Check(name, share, least, share >= least, reason)


def markets_check(table: str, counts: Mapping[str, ListCounts] | str, least: float) -> Check:
    """Whether a table has rows enough in each market; `counts` as in rows_check.

    A market with few served rows (FEW_ROWS) may have any number of rows, but not none.
    """
    name = f"{table}: rows of each market"
    if isinstance(counts, str):
        return Check(name, None, None, True, counts)
    shares = {
        market: one.rows / one.served_rows
        for market, one in counts.items()
        if one.served_rows >= FEW_ROWS or (one.served_rows and not one.rows)
    }
    if not shares:
        return Check(name, None, least, True, f"No market has {FEW_ROWS:,} served rows or more.")
    worst, share = min(shares.items(), key=lambda one: (one[1], one[0]))
    short = sum(its < least for its in shares.values())
    more = f", and {short - 1:,} more markets have too few" if short > 1 else ""
    reason = (
        f"{table} of the market {worst} has {counts[worst].rows:,} rows, and "
        f"{counts[worst].served_rows:,} are served: {share:.3f} of them; the least is {least} "
        f"(min_rows_share){more}."
    )
    return Check(name, share, least, not short, reason)


def changed_check(table: str, counts: Mapping[str, ListCounts] | str, most: float) -> Check:
    """Whether enough of a table's served lists stay; `counts` as in rows_check."""
    name = f"{table}: changed lists"
    if isinstance(counts, str):
        return Check(name, None, None, True, counts)
    every = ListCounts.of_all(counts.values())
    share = every.changed_lists / max(1, every.served_lists)
    reason = (
        f"{table}: of {every.served_lists:,} served lists {every.changed_lists:,} are gone or "
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


def is_served_already(serving: Serving) -> bool:
    """Whether these very lists are those that are served."""
    return serving.state == serving.candidates


def refused_before(
    serving: Serving, as_of: date, decision: tuple[str, State | None, Sequence[str]]
) -> Decision | None:
    """The last decision on the day's lists where it is this very one: a refusal for the same
    reasons, with the same lists served; None: there is something new to say."""
    last = next((one for one in reversed(serving.decisions) if one.decided_as_of == as_of), None)
    said, served, reasons = decision
    if last is None or said != "refused":
        return None
    is_same = (last.decision, last.served, [*last.reasons]) == (said, served, [*reasons])
    return last if is_same else None


def decided(serving: Serving, checks: Sequence[Check]) -> tuple[str, State | None, list[str]]:
    """The decision, what is served by it, and the reasons: all that fails, or that all holds."""
    reasons = [check.reason for check in checks if not check.passed]
    if reasons:
        return "refused", serving.state, reasons
    return "promoted", serving.candidates, [f"All {len(checks)} checks hold."]
