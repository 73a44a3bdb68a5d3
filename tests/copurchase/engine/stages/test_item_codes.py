"""Text ids to codes: hashes as Spark's, items counted over tasks, collisions."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from alsobought.copurchase.engine.layout import Scope
from alsobought.copurchase.engine.stages import item_codes
from alsobought.errors import JobError


def test_hashes_of_texts_are_spark_s(frame):
    """Of every length up to two stripes of 32 bytes, in two markets."""
    texts = ["äöü€" * (n % 3) + "x" * n for n in range(70)]
    made = [(market, text) for market in ("a", "") for text in texts]
    want = frame("market string, t string", *made).selectExpr("xxhash64(market, t)").collect()
    names = pa.array(["a", ""])
    market_of = np.repeat(np.arange(2, dtype=np.int32), len(texts))
    items = pa.array([text for _, text in made])
    hashes = item_codes.ItemsMet(0).add(names, market_of, items)
    assert hashes.tolist() == [row[0] for row in want]
    of_slice = item_codes.ItemsMet(0).add(names, market_of[3:], items.slice(3))
    assert of_slice.tolist() == hashes[3:].tolist()


def test_items_that_share_a_hash_are_two_items_and_a_collision():
    """Three tasks met items; 7 is the hash of tea and, elsewhere, of jam."""
    tasks = [
        pa.table([[7, 9], [1, 1], [5, 2], ["a", "a"], ["tea", "oil"]], schema=item_codes.SCHEMA),
        pa.table([[7], [2], [3], ["a"], ["jam"]], schema=item_codes.SCHEMA),
        pa.table([[7], [1], [4], ["a"], ["tea"]], schema=item_codes.SCHEMA),
    ]
    merged = item_codes.merge_tables(tasks)
    assert merged["item_id"].to_pylist() == ["tea", "jam", "oil"]
    assert merged["lines"].to_pylist() == [9, 3, 2]
    with pytest.raises(item_codes.Collision):
        item_codes.number_items([merged], 0)
    numbered = item_codes.number_items([merged.slice(1)], 0)
    assert numbered.texts.to_pylist() == ["jam", "oil"]
    assert numbered.lines.tolist() == [3, 2]


def test_more_items_than_codes_are_refused(monkeypatch):
    monkeypatch.setattr(item_codes, "MOST_ITEMS", 2)
    rows = [[7, 8, 9], [1, 1, 1], [5, 2, 1], ["a", "a", "a"], ["tea", "oil", "jam"]]
    table = pa.table(rows, schema=item_codes.SCHEMA)
    with pytest.raises(JobError) as refused:
        item_codes.number_items([table], 0)
    assert str(refused.value) == "3 items are more than the 2 that are counted."
    assert len(item_codes.number_items([table.slice(1)], 0).texts) == 2


def test_a_task_that_meets_more_items_than_it_had_room_for_counts_them_all():
    """Two chunks of 3,000 items each, half of the second known already."""
    met, names = item_codes.ItemsMet(0), pa.array(["all"])
    for first in (0, 1_500):
        items = pa.array([f"i{k}" for k in range(first, first + 3_000)])
        met.add(names, np.zeros(3_000, np.int32), items)
    table = item_codes.merge_tables([table for _, table in met.by_range(5)])
    lines = dict(zip(table["item_id"].to_pylist(), table["lines"].to_pylist(), strict=True))
    assert lines == {f"i{k}": 1 + (1_500 <= k < 3_000) for k in range(4_500)}


def test_no_purchases_are_no_items():
    assert len(item_codes.number_items([], 0)) == 0


def test_items_without_hashes_are_as_many_and_have_the_same_ids():
    table = pa.table([[7], [2], [3], ["a"], ["jam"]], schema=item_codes.SCHEMA)
    items = item_codes.number_items([table], 0).without_hashes()
    assert (len(items), items.texts.to_pylist(), len(items.hashes)) == (1, ["jam"], 0)


def test_more_text_than_32_bit_offsets_reach_is_kept_with_wider_ones(monkeypatch):
    table = pa.table([[7, 9], [2, 1], [3, 4], ["a", "a"], ["jam", "oil"]], schema=item_codes.SCHEMA)
    narrow = item_codes.number_items([table], 0)
    monkeypatch.setattr(item_codes, "MOST_TEXT_BYTES", 5)
    wide = item_codes.number_items([table], 0)
    assert (narrow.texts.type, wide.texts.type) == (pa.string(), pa.large_string())
    for items in (narrow, wide):
        ids = items.ids_of(np.array([1, 0], np.int32))
        assert (ids.type, ids.to_pylist(), items.ties.tolist()) == (
            pa.string(), ["jam", "oil"], [1, 0]
        )  # fmt: skip
    kept = wide.where(np.array([False, True]))
    assert (kept.texts.to_pylist(), kept.are_all, wide.are_all) == (["jam"], False, True)


def test_lines_of_a_group_are_of_products_and_its_name_is_compared_by_all_lines():
    def of_markets(*lines):
        markets = np.array([0, 0, 1, 1], np.int32)
        ties, texts = np.arange(4, dtype=np.int32), pa.array(["POST", "tea"] * 2)
        names = pa.array(["a", "EU"])
        return item_codes.Items(np.arange(4), markets, np.array(lines), ties, texts, names, 0)

    def is_postage(ids):
        return pc.equal(ids, "POST").to_numpy(zero_copy_only=False)

    scope = Scope({"EU": ["a", "z"]}, is_postage)
    counted, notes = item_codes.in_scope(of_markets(3, 2, 3, 2), scope)
    assert notes == [
        "[items.exclude] left out 1 of 2 items, 60.0% of the lines",
        "group EU: 2 lines count there, too; no purchase is of z",
    ]
    assert counted.texts.to_pylist() == ["tea", "tea"]
    with pytest.raises(JobError, match="purchases has a market 'EU'"):
        item_codes.in_scope(of_markets(3, 2, 4, 2), scope)
