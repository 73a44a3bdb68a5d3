"""Whether the purchases of the last day are all there."""

from datetime import date, timedelta

import pytest

from alsobought.errors import JobError
from alsobought.ingest.arrival import days_compared, require_arrived
from alsobought.ingest.settings import Arrival

AS_OF = date(2026, 1, 31)
LAST = date(2026, 1, 30)  # a Friday
HALF = Arrival(min_share=0.5, weeks=3, min_lines=100)
AFTER = (
    "What is there is loaded: run again when the rest has come, or lower the limit in "
    "[sources.purchases.arrival] where nothing is missing."
)


def lines(last, *before, market="DE"):
    """Lines of a market on the last day, and one, two, three weeks before."""
    days = [LAST - timedelta(days=7 * week) for week in range(len(before) + 1)]
    return {(market, day): n for day, n in zip(days, (last, *before), strict=True) if n}


def refused(counts, arrival=HALF):
    with pytest.raises(JobError) as error:
        require_arrived(counts, arrival, AS_OF)
    return str(error.value)


def test_the_days_are_the_same_weekday_of_the_weeks_before():
    assert days_compared(HALF, AS_OF) == [
        date(2026, 1, 30), date(2026, 1, 23), date(2026, 1, 16), date(2026, 1, 9),
    ]  # fmt: skip
    assert days_compared(None, AS_OF) == []


def test_a_day_with_its_share_of_the_median_has_arrived():
    require_arrived(lines(500, 1000, 9000, 800), HALF, AS_OF)  # the median is 1,000


def test_a_day_with_less_has_not():
    assert refused(lines(499, 1000, 9000, 800)) == (
        "The purchases of 2026-01-30 have not all arrived: DE has 499 lines, usually 1,000 "
        f"(min_share 0.5). {AFTER}"
    )


def test_every_market_is_compared_with_itself_and_all_that_lack_lines_are_named():
    counts = lines(900, 900, 900, 900) | lines(0, 200, 200, 200, market="AT")
    counts |= lines(10, 400, 400, 400, market="FR")
    assert "AT has 0 lines, usually 200, FR has 10 lines, usually 400 (" in refused(counts)
    many = {key: n for i in range(8) for key, n in lines(0, 200, 200, 200, market=f"M{i}").items()}
    assert "M4 has 0 lines, usually 200, and 3 more markets (" in refused(many)


def test_a_small_market_and_a_new_one_are_not_compared():
    require_arrived(lines(1, 99, 99, 99) | lines(50, market="NEW"), HALF, AS_OF)
    require_arrived(lines(1, 5000), HALF, AS_OF)  # two of three weeks before there was nothing


def test_a_day_without_any_line_has_not_arrived_however_small_the_shop():
    assert "have not all arrived: there is no line (" in refused(lines(0, 3))


def test_a_first_day_and_a_shop_that_asks_for_nothing():
    require_arrived({}, HALF, AS_OF)
    require_arrived(lines(0, 1000, 1000, 1000), None, AS_OF)
