"""Which lines the engine reads, and that tasks read about as many of them."""

from datetime import UTC, date, datetime

from alsobought.copurchase.engine.stages import lines
from alsobought.days import in_window
from tests.rows import rows

AS_OF = date(2017, 4, 20)


def test_the_window_starts_with_its_first_day_and_ends_before_the_as_of_day(frame):
    days = [(datetime(2017, 4, day, tzinfo=UTC), day) for day in (9, 10, 19, 20)]
    table = frame("purchased_at timestamp, day int", *days)
    assert [row[1] for row in rows(in_window(table, AS_OF, 10))] == [10, 19]
    assert lines.lines_by_spark(table, AS_OF, 10).at_most == 2


def test_row_groups_are_shared_out_by_their_rows():
    groups = [(60, "a", 0), (50, "a", 1), (40, "b", 0), (30, "b", 1)]
    assert lines._balance(groups, 2) == [[("a", [0]), ("b", [1])], [("a", [1]), ("b", [0])]]
