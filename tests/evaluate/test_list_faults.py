"""What nobody could know before the cut-off: each kind is found, and one before is not."""

from datetime import date

import numpy as np

from alsobought.days import micros
from alsobought.evaluate.customer_facts import BEFORE, SEEN, WANTED
from alsobought.evaluate.item_factors import ALWAYS, ItemFactors
from alsobought.evaluate.judged_blocks import Judge, Rows
from alsobought.evaluate.judged_lists import judge_block
from alsobought.evaluate.list_faults import KINDS, Faults, together
from alsobought.evaluate.list_rows import FACT, FIRST_REASON, CommonLists

DAY = date(2017, 11, 17)
TEA, JAM, CUP = 10, 20, 30
ANN, BEN = 7, 8


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
    """Kind, model, unit, item and rows of the faults."""
    judged = judge_block(block(*more), 0, judge(cup_since))
    return [(KINDS[kind], *map(int, rest)) for kind, *rest in zip(*judged.faults, strict=True)]


def test_nothing_is_wrong_with_what_was_known():
    reason = (ANN, FIRST_REASON, 0, TEA)
    assert faults(reason) == []
    assert faults((ANN, 0, 2, CUP), cup_since=micros(DAY) - 1) == []


def test_an_item_that_comes_with_the_cut_off_is_found():
    assert faults((ANN, 0, 2, CUP), cup_since=micros(DAY)) == [("item", 0, 0, CUP, 1)]


def test_a_list_of_a_customer_who_had_bought_nothing_is_found():
    ben = (BEN, FACT, WANTED, JAM)
    assert faults(ben) == []
    assert faults(ben, (BEN, 0, 1, TEA), (BEN, 0, 2, JAM)) == [("customer", 0, BEN, 0, 1)]
    # what was bought before and returned was known all the same
    assert faults((BEN, FACT, WANTED | SEEN, JAM), (BEN, 0, 1, TEA)) == []


def test_a_reason_that_was_bought_after_the_cut_off_is_found():
    assert faults((ANN, FIRST_REASON, 0, JAM)) == [("reason", 0, ANN, JAM, 1)]
    never_bought = (ANN, FIRST_REASON, 0, CUP)
    assert faults(never_bought, never_bought) == [("reason", 0, ANN, CUP, 2)]


def test_everybodys_list_is_nobodys_fault_in_a_block():
    common = {(0, 0): CommonLists(np.array([0]), np.array([CUP]), np.array([1]))}
    late = judge(micros(DAY), common)
    rows_of_ben = block((BEN, FACT, WANTED, JAM))
    judged = judge_block(rows_of_ben, 0, late)
    assert len(judged.faults.rows) == 0
    assert judged.listed[0].codes.tolist() == [1, 2]  # ann has her own list, ben everybody's


def test_faults_of_several_blocks_are_counted_together():
    one = Faults(*(np.array(column) for column in ([1, 2], [0, 0], [0, 7], [9, 9], [3, 1])))
    other = Faults(*(np.array(column) for column in ([1], [0], [0], [9], [4])))
    assert [column.tolist() for column in together([one, other])] == [
        [1, 2], [0, 0], [0, 7], [9, 9], [7, 1],
    ]  # fmt: skip
