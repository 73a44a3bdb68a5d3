"""Sums over customers are the same however their rows come: in which batches, chunks and blocks."""

from collections import defaultdict

import numpy as np
import pyarrow as pa
import pytest

from alsobought.evaluate import group_sums
from alsobought.evaluate.customer_facts import BEFORE, SEEN, WANTED
from alsobought.evaluate.item_factors import ALWAYS, ItemFactors
from alsobought.evaluate.judged_blocks import Judge
from alsobought.evaluate.list_rows import FACT, ROWS, CommonLists

ITEMS = 9
COMMON = CommonLists(np.array([1, 1]), np.array([3, 5]), np.array([1, 2]))
JUDGE = Judge(
    2, (1, 3), 4, 1,
    ItemFactors(
        np.arange(ITEMS), np.array([ALWAYS] * (ITEMS - 1) + [150]),
        np.arange(ITEMS)[:, None] % 3, ("all",),
        np.arange(ITEMS), np.ones((ITEMS, 2), int), np.ones((ITEMS, 2), bool),
    ),
    np.full((1, 2), 5), {(0, 0): COMMON, (1, 0): COMMON}, (100, 200),
)  # fmt: skip


def table():
    """Rows of 40 customers at two cut-offs; a few have nothing to foretell, or no list."""
    dice = np.random.default_rng(4)
    rows = []
    for cut_off in (0, 1):
        for unit in range(-20, 20):
            flags = dice.choice([BEFORE | SEEN, WANTED, SEEN, BEFORE | WANTED | SEEN], 4)
            if unit % 7:
                items = dice.permutation(ITEMS)[:4]
                rows += [(cut_off, unit, FACT, int(f), int(i), 0)
                         for f, i in zip(flags, items, strict=True)]  # fmt: skip
            if unit % 3:
                rows += [(cut_off, unit, 0, place, int(item), -1)
                         for place, item in enumerate(dice.permutation(ITEMS)[:5], 1)]  # fmt: skip
    columns = [column.split() for column in ROWS.split(", ")]
    types = {"int": pa.int32(), "bigint": pa.int64()}
    schema = pa.schema([(name, types[kind]) for name, kind in columns])
    arrays = [pa.array(c, f.type) for c, f in zip(zip(*rows, strict=True), schema, strict=True)]
    return pa.table(arrays, schema=schema)


def summed(batch_rows):
    """The sums as Python values, by cut-off, segment, part and model."""
    sums = {}
    batches = iter(table().to_batches(max_chunksize=batch_rows))
    for batch in group_sums.sums_of_batches(batches, JUDGE):
        for row in batch.to_pylist():
            names = ("cut_off", "segment", "part", "model", "unit", "item")
            key = tuple(row[name] for name in names)
            assert key not in sums
            covered = row["part"] == group_sums.COVERED
            data = np.frombuffer(row["data"], np.uint8 if covered else np.float64)
            sums[key] = (row["number"], data)
    return sums


@pytest.mark.parametrize(("batch", "chunk", "block"), [(1, 1, 1), (7, 30, 3), (1000, 50, 4096)])
def test_the_sums_do_not_depend_on_how_rows_come(monkeypatch, batch, chunk, block):
    whole = summed(10_000)
    monkeypatch.setattr(group_sums, "CHUNK_ROWS", chunk)
    monkeypatch.setattr(group_sums, "BLOCK_CUSTOMERS", block)
    late = [number for (*_, unit, item), (number, _) in whole.items() if (unit, item) == (0, 8)]
    assert len(late) == 1  # the last item came between the cut-offs: at the first it is a fault
    assert late[0] > 1
    parts = summed(batch)
    assert parts.keys() == whole.keys()
    for key, (number, data) in whole.items():
        assert parts[key][0] == number, key
        np.testing.assert_allclose(parts[key][1], data, atol=1e-12, err_msg=str(key))


def test_segments_are_parts_of_everyone():
    sums = summed(10_000)
    measures = defaultdict(lambda: 0)
    for (cut_off, segment, part, *_), (_, data) in sums.items():
        if part == group_sums.MEASURES and 1 <= segment <= 5:
            measures[cut_off] = measures[cut_off] + data
    for cut_off, of_histories in measures.items():
        everyone = sums[cut_off, 0, group_sums.MEASURES, -1, None, None][1]
        np.testing.assert_allclose(of_histories, everyone, atol=1e-9)
    assert len(measures) == 2
