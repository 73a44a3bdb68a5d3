"""What is refused before anybody can see it, whoever writes the files."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import deltalake
import numpy as np
import pytest

from alsobought.runtime import acceptance, staging
from alsobought.tables.outcome import Outcome
from tests.runtime.small_tables import (
    COLUMNS,
    FIRST,
    SECOND,
    STOCK,
    THIRD,
    refusal,
)

pytestmark = pytest.mark.parametrize("way", ["workers", "spark"])


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ((None, 3, 0.5), "item_id is null in 1 rows"),
        (("tea", -1, 0.5), "the check not_negative (pieces >= 0) is broken in 1 rows"),
        (
            (None, -1, 0.5),
            "item_id is null in 1 rows; the check not_negative (pieces >= 0) is broken in 1 rows",
        ),
    ],
    ids=["null", "check", "both"],
)
def test_rows_that_break_the_contract_are_not_written(stock, stored, line, fault):
    stock(FIRST, ("jam", 1, None))
    before = stored()
    said = refusal(stock, FIRST, ("milk", 2, None), line)
    assert said == f"stock: the rows break the table's contract, so nothing was written: {fault}."
    assert stored() == before


def test_columns_that_break_the_contract_are_not_written(store, stock, stored, frame):
    stock(FIRST, ("jam", 1, None))
    before = stored()
    wrong = frame("item_id string, pieces int, shop string", ("jam", 1, "a"))
    assert refusal(store.write, STOCK, Outcome(wrong), FIRST, {}) == (
        "stock: extra shop; missing weight; pieces is int, not bigint."
    )
    assert stored() == before


def test_a_run_without_rows_leaves_the_table_as_it_was(stock, stored):
    stock(FIRST, ("jam", 1, None))
    stock(SECOND, ("jam", 2, None))
    before = stored()
    for day in (FIRST, THIRD):
        assert refusal(stock, day) == (
            f"stock would have no rows for {day}, so nothing was written: look at the "
            "limits in [lists] and [baskets], and at the tables that it reads."
        )
        assert stored() == before  # no version more


def test_a_first_run_that_is_refused_leaves_no_table(store, stock):
    for line in ((), (("tea", -1, 0.5),)):
        refusal(stock, FIRST, *line)
        assert not store.exists(STOCK)


def test_a_key_that_comes_twice_is_refused_with_an_example(stock, stored):
    stock(FIRST, ("jam", 1, None))
    before = stored()
    lines = (("tea", 3, 0.5), ("tea", 4, 0.5), ("tea", 3, 0.5), ("oil", 1, None), ("oil", 1, None))
    assert refusal(stock, FIRST, ("milk", 2, None), *lines) == (
        "stock: 2 keys come more than once, so nothing was written: item_id 'oil' in 2 rows."
    )
    assert stored() == before


def test_equal_hashes_of_different_keys_are_no_fault(stock, stored, monkeypatch):
    monkeypatch.setattr(acceptance.F, "xxhash64", lambda *_: acceptance.F.lit(1))
    monkeypatch.setattr(staging, "sorted_hashes", lambda _: np.ones(2, np.int64))
    stock(FIRST, ("jam", 1, None), ("tea", 3, 0.5))
    assert len(stored()[0]) == 2


def test_a_reader_never_sees_a_refused_run(stock, store):
    """Neither the rows that are refused, nor the day without rows."""
    stock(FIRST, ("jam", 1, None))
    seen, done = set(), threading.Event()

    def look():
        while not done.is_set():
            table = deltalake.DeltaTable(store.path(STOCK))
            seen.add((table.version(), tuple(table.to_pyarrow_table()["item_id"].to_pylist())))

    with ThreadPoolExecutor(1) as pool:
        reader = pool.submit(look)
        refusal(stock, FIRST)
        refusal(stock, FIRST, ("tea", -1, None))
        refusal(stock, FIRST, ("tea", 1, None), ("tea", 2, None))
        done.set()
        reader.result()
    assert seen == {(1, ("jam",))}


def test_no_rows_are_fine_where_the_table_allows_it(store, frame, stock, stored):
    stock(FIRST, ("jam", 1, None))
    nothing = Outcome(frame(COLUMNS))
    assert store.write(replace(STOCK, may_be_empty=True), nothing, FIRST, {}) == 0
    assert stored()[0] == []
