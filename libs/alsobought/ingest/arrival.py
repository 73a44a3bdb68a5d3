"""Whether the purchases of the last day are all there: compared with the same weekday before."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from statistics import median

from alsobought.errors import JobError
from alsobought.ingest.settings import Arrival

Lines = Mapping[tuple[str, date], int]
"""Lines by market and day, UTC; a day without any may be missing."""
WEEK = timedelta(days=7)
MOST_NAMED = 5


def days_compared(arrival: Arrival | None, as_of: date) -> list[date]:
    """The day before the as-of day, then the same weekday of the weeks before; none where nothing
    is asked for."""
    if arrival is None:
        return []
    last = as_of - timedelta(days=1)
    return [last - week * WEEK for week in range(arrival.weeks + 1)]


def require_arrived(lines: Lines, arrival: Arrival | None, as_of: date) -> None:
    """Raise JobError where lines of the last day are missing.

    A market's are where they are fewer than min_share of the median of the same weekday in the
    weeks before, unless that is below min_lines; all are where there are none, and one of those
    days had some.
    """
    if arrival is None:
        return
    last, *before = days_compared(arrival, as_of)
    few = []
    for market in sorted({market for market, _ in lines}):
        usual = median(lines.get((market, day), 0) for day in before)
        arrived = lines.get((market, last), 0)
        if usual >= arrival.min_lines and arrived < arrival.min_share * usual:
            few.append(f"{market} has {arrived:,} lines, usually {usual:,.0f}")
    if not few and lines and not any(n for (_, day), n in lines.items() if day == last):
        few = ["there is no line"]
    if few:
        raise JobError(_said(few, arrival, last))


def _said(few: Sequence[str], arrival: Arrival, last: date) -> str:
    named = ", ".join(few[:MOST_NAMED])
    named += f", and {len(few) - MOST_NAMED} more markets" if len(few) > MOST_NAMED else ""
    return (
        f"The purchases of {last} have not all arrived: {named} (min_share {arrival.min_share:g}). "
        f"What is there is loaded: run again when the rest has come, or lower the limit in "
        f"[sources.purchases.arrival] where nothing is missing."
    )
