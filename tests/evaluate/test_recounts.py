"""Counts of lists that are made again, of the purchases that their runs had read."""

from datetime import UTC, date, datetime, timedelta

import pytest

from alsobought.evaluate import recounts
from alsobought.evaluate.purchases_read import PurchasesRead
from alsobought.tables.stored import DatedRows, PastRows
from tests.rows import rows

DAY = date(2017, 11, 17)
AT = datetime(2017, 11, 17, tzinfo=UTC)
BEFORE, LONG_AGO = AT - timedelta(microseconds=1), AT - timedelta(days=14, microseconds=1)
LINE = "market string, customer_id string, order_id string, item_id string, purchased_at timestamp"
LISTED = "as_of date, unit string, market string, item_id string, related_item_id string, "
LISTED += "buyers bigint, related_buyers bigint"
SOLD = "as_of date, market string, item_id string, buyers bigint, purchases bigint"
COUNTED = "as_of date, unit string, market string, item_id string, buyers bigint"


@pytest.fixture
def lines(frame):
    """Tea: two orders of ann and a guest's, one of them long ago; later one more of the guest."""
    return frame(
        LINE,
        ("all", "ann", "1", "tea", LONG_AGO),
        ("all", "ann", "2", "tea", BEFORE),
        ("all", None, "3", "tea", BEFORE),
        ("all", None, "3", "tea", BEFORE),
        ("all", None, "4", "tea", AT),
        ("all", "ben", "3", "jam", BEFORE),
    )


def too_many(name, table, *versions, run=None):
    """How many counts of a table of DAY, made of these, how many are larger, and an example."""
    pasts = [PastRows(number, one) for number, one in enumerate(versions, 1)]
    read, tables = PurchasesRead({(name, DAY): pasts}), {name: DatedRows(table, {DAY: run or {}})}
    counted = recounts.too_many(tables, read, read.that_could_leak(), ["all"])
    return None if counted is None else rows(counted.drop("table", "day"))[0]


def test_what_orders_customers_buyers_and_lines_there_are(lines):
    assert rows(recounts.recounted(lines).where("item_id = 'tea'")) == [
        ("all", "tea", "buyer", 3), ("all", "tea", "customer", 1), ("all", "tea", "line", 5),
        ("all", "tea", "order", 4),
    ]  # fmt: skip


def test_related_items_that_read_the_cut_off(lines, frame):
    rows_of_day = [
        (DAY, "order", "all", "tea", "jam", 3, 1),
        (DAY, "customer", "all", "tea", "jam", 1, 1),
        (DAY, "order", "a group of markets", "tea", "jam", 9, 9),
        (DAY + timedelta(days=1), "order", "all", "tea", "jam", 4, 1),
    ]
    table = frame(LISTED, *rows_of_day)
    assert too_many("related_items", table, lines) == (4, 0, None)
    leaked = table.replace({3: 4}, subset=["buyers"])  # as if the guest's later order counted
    assert too_many("related_items", leaked, lines) == (4, 1, ("tea", "order", 4, 3))
    # of two versions that were read on the day, the larger count
    fewer = lines.where("order_id <> '1'")
    assert too_many("related_items", table, fewer, lines) == (4, 0, None)
    assert too_many("related_items", table, fewer) == (4, 1, ("tea", "order", 3, 2))


def test_bestsellers_that_read_the_cut_off_though_all_their_items_are_old(lines, frame):
    run = {"parameters": {"days": 14}}
    table = frame(SOLD, (DAY, "all", "tea", 2, 3), (DAY, "all", "jam", 1, 1))
    assert too_many("bestsellers", table, lines, run=run) == (4, 0, None)
    shifted = frame(SOLD, (DAY, "all", "tea", 3, 4))  # as if the days began and ended a day later
    assert too_many("bestsellers", shifted, lines, run=run) == (2, 2, ("tea", "buyer", 3, 2))
    unrecorded = too_many("bestsellers", shifted, lines)  # counted from the beginning
    assert unrecorded == (2, 1, ("tea", "buyer", 3, 2))


def test_statistics_of_an_item_that_nobody_had_bought(lines, frame):
    run = {"parameters": {"baskets": {"look_back_days": 14}}}
    table = frame(COUNTED, (DAY, "order", "all", "tea", 2), (DAY, "order", "all", "new", 1))
    assert too_many("item_statistics", table, lines, run=run) == (2, 1, ("new", "order", 1, 0))


def test_the_items_with_the_least_hashes_are_counted(lines, frame, monkeypatch):
    monkeypatch.setattr(recounts, "SAMPLED", 1)
    table = frame(SOLD, (DAY, "all", "tea", 9, 9), (DAY, "all", "jam", 9, 9))
    assert too_many("bestsellers", table, lines)[:2] == (2, 2)


def test_nothing_could_leak_of_purchases_without_later_rows(lines, frame):
    table = frame(SOLD, (DAY, "all", "tea", 9, 9))
    assert too_many("bestsellers", table, lines.where("order_id <> '4'")) is None
    assert too_many("bestsellers", table, lines, None) is None  # one of them cannot be read
    assert too_many("bestsellers", table) is None
    assert too_many("buy_again", table, lines) is None


def test_tables_without_counts_are_named():
    leaky = [("bestsellers", DAY), ("recommendations", DAY), ("factor_recommendations", DAY)]
    assert recounts.not_counted(leaky) == [
        "factor_recommendations, recommendations of 2017-11-17 was made when there were purchases "
        "of that day or later already: proved are the items, customers, reasons and times that it "
        "names, not its scores"
    ]
    assert recounts.not_counted(leaky[:1]) == []
