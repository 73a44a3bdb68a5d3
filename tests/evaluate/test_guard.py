"""Rows of the cut-off or later that reached a list, told from purchases that were corrected."""

from datetime import UTC, date, datetime, timedelta

import pytest
from pyspark.sql import Row
from pyspark.sql import functions as F

from alsobought.errors import JobError
from alsobought.evaluate import guard
from alsobought.evaluate.guard import Count
from alsobought.evaluate.list_rows import Models
from alsobought.evaluate.purchases_read import PurchasesRead
from alsobought.tables.stored import DatedRows, PastRows
from tests.rows import rows

DAY = date(2017, 11, 17)
AT = datetime(2017, 11, 17, tzinfo=UTC)
BEFORE = AT - timedelta(microseconds=1)
MODELS = Models(("als", "sum"), {"als": "factor_recommendations", "sum": "recommendations"}, {})
MADE = ("recommendations", DAY)
LINE = "market string, customer_id string, order_id string, item_id string, purchased_at timestamp"


def read_of(*versions, made=MADE):
    pasts = [PastRows(number, lines) for number, lines in enumerate(versions, 1)]
    return PurchasesRead({made: pasts})


def test_a_fault_that_the_purchases_read_had_too_is_no_correction(frame):
    """Ann's tea and ben were there when the lists were made; ann's jam came with the cut-off."""
    hashes = frame("m string, c string, i string", ("all", "ann", "tea"), ("all", "ben", "jam"),
                   ("all", "cid", "cup")).select(F.xxhash64("m", "c"), F.xxhash64("i"))  # fmt: skip
    (ann, tea), (ben, jam), (cid, cup) = (tuple(row) for row in hashes.collect())
    faults = [
        (0, "reason", 1, 3, ann, tea), (0, "reason", 1, 1, ann, jam), (0, "customer", 1, 1, ben, 0),
        (0, "customer", 1, 5, cid, 0), (0, "item", 1, 2, 0, tea), (0, "item", 1, 4, 0, jam),
        (0, "item", 1, 1, 0, cup), (0, "item", 0, 1, 0, tea),
    ]  # fmt: skip
    lines = frame(
        LINE,
        ("all", "ann", "1", "tea", BEFORE),
        ("all", "ann", "2", "jam", AT),
        ("all", "ben", "3", "oil", BEFORE),
        ("all", None, "4", "jam", BEFORE),
        ("de", "cid", "5", "oil", BEFORE),
    )
    every = frame(guard.FAULTS, *faults)
    marked = guard.explained(every, read_of(lines), MODELS, [DAY])
    unexplained = marked.where("NOT is_explained").select("part", "model", "number")
    assert rows(unexplained) == [
        ("customer", 1, 5), ("item", 0, 1), ("item", 1, 1), ("reason", 1, 1),
    ]  # fmt: skip
    judged = frame("cut_off int, part string, number bigint", (0, "judged", 2), (0, "judged", 3))
    account = guard.account_of(judged, marked, {"late": None}).collect()[0]
    assert account["judged"] == [Row(cut_off=0, rows=5)]
    assert guard.faults_of_account(account, [DAY]) == {
        MADE: {"reason": Count(4, 1), "customer": Count(6, 5), "item": Count(7, 1)},
        ("factor_recommendations", DAY): {"item": Count(1, 1)},
    }
    nothing = guard.explained(every, PurchasesRead({}), MODELS, [DAY])
    assert nothing.where("is_explained").count() == 0


def refusal(faults, read):
    with pytest.raises(JobError) as refused:
        guard.require_no_leak(faults, read)
    return str(refused.value)


def test_the_refusal_names_what_is_wrong_of_which_day():
    there = read_of("rows")
    wrong = {MADE: {"item": Count(3, 2), "customer": Count(1, 1), "reason": Count(9, 0)}}
    assert refusal(wrong, there) == (
        "recommendations of 2017-11-17 was made of what was on or after that day: it has 1 lists "
        "of customers who had bought nothing before it and 2 places with an item that was first "
        "seen on or after it. Make that day again: alsobought run recommendations "
        "--as-of 2017-11-17."
    )
    late = Row(faults=[], late=[Row(table="buy_again", day=DAY, rows=3)])
    assert refusal(guard.faults_of_account(late, [DAY]), read_of(None)).startswith(
        "buy_again of 2017-11-17 was made of what was on or after that day: it has 3 places with "
        "a time on or after it."
    )


def test_what_was_corrected_or_cannot_be_told_is_said_and_not_refused():
    wrong = {MADE: {"reason": Count(1, 0)}}
    said = (
        "recommendations of 2017-11-17 has 1 reasons that their customer had not bought before it"
    )
    assert guard.require_no_leak(wrong, read_of("rows")) == [
        f"{said}, by the purchases of now; those that it was made of had them: corrected since"
    ]
    lost = {MADE: {"reason": Count(1, 1)}}
    for gone in (read_of(None), read_of("rows", None), read_of()):
        assert guard.require_no_leak(lost, gone) == [
            f"{said}: corrected since, or read on or after it"
        ]
        assert gone.sentences() == [
            "recommendations of 2017-11-17: the purchases that they were made of can no longer be "
            "read at their version, or are not recorded, so their counts are not proved"
        ]
    theirs = {("theirs", DAY): {"item": Count(2, 2)}}
    assert guard.require_no_leak(theirs, PurchasesRead({})) == [
        "theirs of 2017-11-17 has 2 places with an item that was first seen on or after it: see "
        "that it was made of what was before"
    ]
    assert read_of("rows").sentences() == []


def test_times_of_the_cut_off_are_late(frame):
    lists = frame(
        "as_of date, item_id string, last_purchased_at timestamp",
        (DAY, "tea", AT),
        (DAY, "jam", BEFORE),
        (DAY - timedelta(days=1), "tea", AT - timedelta(days=1, seconds=1)),
    )
    without = frame("as_of date, item_id string", (DAY, "tea"))
    tables = {"buy_again": DatedRows(lists, {}), "bestsellers": DatedRows(without, {})}
    assert rows(guard.late_times(tables)) == [("buy_again", DAY, 1)]
    assert guard.late_times({"bestsellers": DatedRows(without, {})}) is None


def test_a_larger_count_is_refused():
    example = Row(item_id="tea", kind="order", stored=3, counted=2)
    bad = Row(table="item_statistics", day=DAY, counts=200, too_many=2, example=example)
    good = Row(table="bestsellers", day=DAY, counts=200, too_many=0, example=None)
    with pytest.raises(JobError) as refused:
        guard.require_no_larger_counts(Row(too_many=[good, bad]))
    assert str(refused.value) == (
        "item_statistics of 2017-11-17 was made of what was on or after that day: of 200 of its "
        "counts 2 are larger than those of the purchases before it, as its run had read them (tea "
        "by order: 3, not 2). Make that day again: alsobought run item_statistics --with-upstream "
        "--as-of 2017-11-17."
    )
    guard.require_no_larger_counts(Row(too_many=[good]))
    guard.require_no_larger_counts(Row(faults=[]))
