"""Which lines the engine reads, and that tasks read about as many of them."""

from datetime import UTC, date, datetime

import pyarrow as pa
import pyarrow.parquet as pq

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


def test_of_the_returned_lines_only_those_of_the_time_of_a_batch_are_read(tmp_path):
    """Three returned lines, one a row group; of the first only a part was returned."""
    at = [datetime(2017, 4, day, tzinfo=UTC) for day in (1, 2, 9)]
    key = {"market": ["m"] * 3, "order_id": ["1", None, "3"], "item_id": ["tea"] * 3}
    table = pa.table({**key, "line": ["a", "b", "c"], "purchased_at": at})
    whole = pa.array([None, at[1], at[2]], pa.timestamp("us", "UTC"))
    file = str(tmp_path / "returned.parquet")
    pq.write_table(table.append_column("returned_at", whole), file, row_group_size=1)
    spans = lines._spans(file)
    assert [(number, first) for _, number, first, _ in spans] == list(enumerate(at))
    quantities = pa.array([1.0, 1.0, 1.0])
    bought = table.append_column("quantity", quantities).combine_chunks().to_batches()[0]

    def kept(batch):
        read = lines._without_returns(iter([batch]), [*spans[:2], ("not there", 0, *spans[2][2:])])
        return [line for rows in read for line in rows["line"].to_pylist()]

    assert kept(bought.slice(0, 2)) == ["a"]
    returns = bought.set_column(5, "quantity", pa.array([1.0, -1.0, -1.0]))
    assert kept(returns) == ["a"]
