"""What became of a night: whether its lists are served, what ran, what came in, how fresh it is."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from alsobought.report.shown_text import figure, short
from alsobought.tables.serving import Decision

Row = dict[str, Any]

EXAMPLES = 3
SHOWN_VALUE = 60
GOES_OUT, HELD_BACK, UNDECIDED = "goes_out", "held_back", "undecided"


@dataclass(frozen=True)
class Verdict:
    """Whether a day's lists are served: `mark` is GOES_OUT, HELD_BACK or UNDECIDED."""

    mark: str
    headline: str
    sentences: list[str]
    checks: list[Row]
    command: str = ""
    """What has them checked, where nobody has decided."""


def verdict(promotions: Sequence[Row], day: date, environment: str) -> Verdict:
    """The last decision about the day's lists, as it was when it was made.

    In: rows of `promotions`, the oldest first; none where there is no such table.
    """
    of_day = [row for row in promotions if row["decided_as_of"] == day]
    if not of_day:
        return _undecided(promotions, day, environment)
    row = of_day[-1]
    served = Decision.of(row).served
    serves = "nothing is served" if served is None else f"the lists of {served.as_of} are served"
    since = _since(promotions, row)
    checks = [check | {"shown": _check(check)} for check in row["checks"] or []]
    if row["decision"] == "promoted":
        failed = [check["reason"] for check in checks if not check["passed"]]
        headline = f"Yes. The lists of {day} go out."
        said = [f"All {len(checks)} checks of the gate hold."] if checks and not failed else []
        return Verdict(GOES_OUT, headline, [*said, *row["reasons"], *since], checks)
    if row["decision"] == "refused":
        headline = f"No. The lists of {day} stay back; {serves}."
        return Verdict(HELD_BACK, headline, [*row["reasons"], *since], checks)
    headline = f"No. The lists of {day} were rolled back; {serves}."
    return Verdict(HELD_BACK, headline, [*row["reasons"], *since], checks)


def _undecided(promotions: Sequence[Row], day: date, environment: str) -> Verdict:
    earlier = [row for row in promotions if row["decided_as_of"] < day]
    served = Decision.of(earlier[-1]).served if earlier else None
    serves = "Nothing is served" if served is None else f"The lists of {served.as_of} are served"
    return Verdict(
        UNDECIDED,
        f"Nobody has decided about the lists of {day}.",
        [f"{serves}."],
        [],
        f"alsobought promote --env {environment} --as-of {day}",
    )


def _since(promotions: Sequence[Row], row: Row) -> list[str]:
    """What has been decided since, where that changes what is served."""
    newest = promotions[-1]
    if newest["number"] == row["number"] or newest["served_as_of"] == row["served_as_of"]:
        return []
    return [f"Since then: the lists of {newest['served_as_of']} are served."]


def _check(check: Row) -> Row:
    """A check's value and limit as they are read."""
    return {name: figure(check[name]) for name in ("value", "limit")}


@dataclass(frozen=True)
class Intake:
    """What came of a source's rows: rows read = good + rejected.

    `day` is the as-of day of the run that said so; `reasons` counts rejected rows, which count for
    each of their reasons.
    """

    source: str
    day: str
    read: int
    good: int
    rejected: int
    reasons: list[Row]

    @property
    def rejected_share(self) -> float:
        """The share of rows that were rejected, in [0, 1]."""
        return self.rejected / self.read if self.read else 0.0


def intake(
    source: str, run: Mapping[str, Any], examples: Mapping[str, Sequence[str]]
) -> Intake | None:
    """What a run of a source's job has recorded of its rows; None: it has recorded nothing.

    `examples`: by reason some rejected rows, as they are shown.
    """
    account = run.get("account", {})
    if "read" not in account:
        return None
    by_reason = sorted(account.get("by_reason", {}).items(), key=lambda pair: (-pair[1], pair[0]))
    reasons = [
        {"reason": reason, "rows": rows, "examples": list(examples.get(reason, ()))[:EXAMPLES]}
        for reason, rows in by_reason
    ]
    return Intake(
        source, run["as_of"], account["read"], account["good"], account["rejected"], reasons
    )


def shown_row(row: str, open_columns: Iterable[str]) -> str:
    """A rejected row with the values of the open columns alone: the others may name a customer.

    In: JSON of columns, or a raw line, of which nothing is shown.
    """
    try:
        columns = json.loads(row)
    except ValueError:
        columns = None
    if not isinstance(columns, dict):
        return f"a line of {len(row):,} characters, which is not shown, as it may name a customer"
    names = set(open_columns)
    return ", ".join(
        f"{short(name, SHOWN_VALUE)}: {_shown_value(value, is_open=name in names)}"
        for name, value in columns.items()
    )


def _shown_value(value: Any, *, is_open: bool) -> str:
    if value is None or value == "":
        return "empty"
    if not is_open:
        return "(hidden)"
    return short(value if isinstance(value, str) else json.dumps(value), SHOWN_VALUE)


@dataclass(frozen=True)
class Freshness:
    """A table: its newest as-of day up to the night's (None: it keeps no days), rows and bytes of
    all days, and the last commit whose run is recorded."""

    table: str
    meaning: str
    is_built: bool
    newest: str | None = None
    keeps_days: bool = False
    rows: int | None = None
    size: int | None = None
    written_at: str = ""
    written_by: str = ""

    def lag(self, day: date) -> int | None:
        """Days from the newest as-of day to the night's; None: it keeps no days."""
        return None if self.newest is None else (day - date.fromisoformat(self.newest)).days


def last_tries(runs: Iterable[Row], day: date) -> list[Row]:
    """Each job's last run of the day, in the order of their start; `tries`: how many there were.

    In: rows of `runs` with `usual_seconds`, the oldest first.
    """
    tries: dict[str, list[Row]] = {}
    for row in runs:
        if row["as_of"] == day:
            tries.setdefault(row["job"], []).append(row)
    last = [rows[-1] | {"tries": len(rows), "times": _times(rows[-1])} for rows in tries.values()]
    return sorted(last, key=lambda row: (row["started_at"], row["job"]))


def _times(row: Row) -> float | None:
    """How many times the usual a run took; None: there is no usual, or it did no work."""
    usual = row["usual_seconds"]
    return row["seconds"] / usual if usual and row["outcome"] == "done" else None
