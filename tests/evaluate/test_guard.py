"""Rows of the cut-off or later that reached a list: each kind is found, and one before is not."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from pyspark.sql import Row

from alsobought.days import micros
from alsobought.errors import JobError
from alsobought.evaluate import guard
from alsobought.evaluate.customer_facts import BEFORE, SEEN, WANTED
from alsobought.evaluate.item_factors import ALWAYS, ItemFactors
from alsobought.evaluate.judged_lists import Judge, Rows, judge_block
from alsobought.evaluate.list_rows import FACT, FIRST_REASON, CommonLists, Models
from alsobought.tables.stored import DatedRows
from tests.rows import rows

DAY = date(2017, 11, 17)
AT = datetime(2017, 11, 17, tzinfo=UTC)
TEA, JAM, CUP = 10, 20, 30
ANN, BEN = 7, 8
MODELS = Models(("sum",), {"sum": "recommendations"}, {"sum": frozenset([0])})


def judge(cup_since, common=()):
    """Tea and jam have always been there, cups since then."""
    factors = ItemFactors(
        np.array([TEA, JAM, CUP]), np.array([ALWAYS, ALWAYS, cup_since]), np.zeros((3, 0), int),
        ("all",), np.array([0, 1]), np.ones((2, 1), int), np.ones((2, 1), bool),
    )  # fmt: skip
    return Judge(1, (6,), 2, 1, factors, np.ones((1, 1), int), dict(common), (micros(DAY),))


def block(*more):
    """Ann had bought tea, and then buys jam, which her list has; more rows: unit, model, place,
    item."""
    facts = [(ANN, FACT, BEFORE | SEEN, TEA, 0), (ANN, FACT, WANTED, JAM, 0), (ANN, 0, 1, JAM, -1)]
    every = sorted([*facts, *((*row, 0 if row[1] == FACT else -1) for row in more)])
    return Rows(*(np.array(column) for column in zip(*every, strict=True)))


def faults(*more, cup_since=ALWAYS):
    return judge_block(block(*more), 0, judge(cup_since)).faults


def test_nothing_is_wrong_with_what_was_known():
    reason = (ANN, FIRST_REASON, 0, TEA)
    assert faults(reason) == {}
    assert faults((ANN, 0, 2, CUP), cup_since=micros(DAY) - 1) == {}


def test_an_item_that_comes_with_the_cut_off_is_found():
    assert faults((ANN, 0, 2, CUP), cup_since=micros(DAY)) == {(0, "item"): 1}


def test_a_list_of_a_customer_who_had_bought_nothing_is_found():
    ben = (BEN, FACT, WANTED, JAM)
    assert faults(ben) == {}
    assert faults(ben, (BEN, 0, 1, TEA), (BEN, 0, 2, JAM)) == {(0, "customer"): 1}
    # what was bought before and returned was known all the same
    assert faults((BEN, FACT, WANTED | SEEN, JAM), (BEN, 0, 1, TEA)) == {}


def test_a_reason_that_was_bought_after_the_cut_off_is_found():
    assert faults((ANN, FIRST_REASON, 0, JAM)) == {(0, "reason"): 1}
    never_bought = (ANN, FIRST_REASON, 0, CUP)
    assert faults(never_bought) == {(0, "reason"): 1}


def test_everybodys_list_is_nobodys_fault_in_a_block():
    common = {(0, 0): CommonLists(np.array([0]), np.array([CUP]), np.array([1]))}
    late = judge(micros(DAY), common)
    rows_of_ben = block((BEN, FACT, WANTED, JAM))
    judged = judge_block(rows_of_ben, 0, late)
    assert judged.faults == {}
    assert judged.listed[0].codes.tolist() == [1, 2]  # ann has her own list, ben everybody's


def test_the_refusal_names_what_is_wrong_of_which_day():
    account = Row(faults=[Row(cut_off=0, part="item", model=0, rows=2),
                          Row(cut_off=0, part="customer", model=0, rows=1)],
                  late=[Row(table="buy_again", cut_off=DAY, rows=3)])  # fmt: skip
    wrong = guard.faults_of_account(account, MODELS, [DAY])
    del wrong[DAY, "buy_again"]
    with pytest.raises(JobError) as refused:
        guard.require_no_leak(wrong)
    assert str(refused.value) == (
        "recommendations of 2017-11-17 was made of what was on or after that day: it has 1 lists "
        "of customers who had bought nothing before it and 2 places with an item that was first "
        "seen on or after it. Make that day again: alsobought run recommendations "
        "--as-of 2017-11-17."
    )
    with pytest.raises(JobError) as refused:
        guard.require_no_leak(guard.faults_of_account(account, MODELS, [DAY]))
    assert str(refused.value).startswith(
        "buy_again of 2017-11-17 was made of what was on or after that day: it has 3 places with "
        "a time on or after it."
    )


def test_times_of_the_cut_off_are_late(frame):
    lists = frame(
        "as_of date, item_id string, last_purchased_at timestamp",
        (DAY, "tea", AT),
        (DAY, "jam", AT - timedelta(microseconds=1)),
        (DAY - timedelta(days=1), "tea", AT - timedelta(days=1, seconds=1)),
    )
    without = frame("as_of date, item_id string", (DAY, "tea"))
    tables = {"buy_again": DatedRows(lists, {}), "bestsellers": DatedRows(without, {})}
    assert rows(guard.late_times(tables, [DAY])) == [("buy_again", DAY, 1)]
    assert guard.late_times({"bestsellers": DatedRows(without, {})}, [DAY]) is None


def test_a_buyer_of_the_cut_off_is_one_too_many(frame):
    before = AT - timedelta(microseconds=1)
    lines = frame(
        "market string, customer_id string, order_id string, item_id string, "
        "purchased_at timestamp",
        ("all", "ann", "1", "tea", before),
        ("all", "ann", "2", "tea", before),
        ("all", None, "3", "tea", AT),
        ("all", "ben", "3", "jam", before),
    )
    lists = frame(
        "as_of date, unit string, market string, item_id string, related_item_id string, "
        "buyers bigint, related_buyers bigint",
        (DAY, "order", "all", "tea", "jam", 2, 1),
        (DAY, "customer", "all", "tea", "jam", 1, 1),
        (DAY + timedelta(days=1), "order", "all", "tea", "jam", 3, 2),
        (DAY, "order", "a group of markets", "tea", "jam", 9, 9),
    )
    days = [DAY, DAY + timedelta(days=1)]
    assert rows(guard.buyers_too_many(lists, lines, days, ["all"])) == [
        (DAY, 4, 0, None),
        (DAY + timedelta(days=1), 2, 1, ("jam", "order", 2, 1)),
    ]
    planted = lists.replace({2: 3}, subset=["buyers"])  # as if the guest's order had been read
    (first, _) = rows(guard.buyers_too_many(planted, lines, days, ["all"]))
    assert first == (DAY, 4, 1, ("tea", "order", 3, 2))


def test_few_corrections_are_told_and_more_refused():
    example = Row(item_id="tea", unit="order", stored=3, known=2)
    account = Row(too_many=[Row(cut_off=DAY, items=200, too_many=2, example=example)])
    assert guard.require_few_corrections(account, 0.01) == [
        "related_items of 2017-11-17 counts more buyers than the purchases before that day have, "
        "of 2 of 200 items (tea by order: 3, not 2): corrected since, or read on or after it"
    ]
    with pytest.raises(JobError, match="purchases on or after it were read, or more were"):
        guard.require_few_corrections(account, 0.009)
    assert guard.require_few_corrections(Row(faults=[]), 0.0) == []
