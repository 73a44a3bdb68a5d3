"""Items by number, the most bought first; their histograms; the search index."""

import json
import random

import pyarrow as pa
import pytest

from alsobought.related import explanations
from alsobought.report import numbered_items
from alsobought.report.data_files import shard_of

BINS = pa.list_(pa.struct([("others", pa.int64()), ("buyers", pa.int64())]))


def statistics(histograms):
    n = len(histograms)
    return pa.table(
        {
            "item_id": [str(i) for i in range(n)], "unit": ["order"] * n, "market": ["all"] * n,
            "buyers": [4] * n, "units": [10] * n,
            "other_purchases": pa.array(histograms, BINS),
        }
    )  # fmt: skip


def test_median_and_mean_are_those_of_the_explanations():
    rng = random.Random(7)
    histograms = [
        [{"others": o, "buyers": rng.randint(1, 9)} for o in sorted(rng.sample(range(40), k))]
        for k in (1, 2, 3, 5, 8, 13, 1, 4) * 5
    ]
    for table in (statistics(histograms), statistics(histograms).to_batches()[0]):
        rows = numbered_items.with_others(table).to_pylist()
        for row, histogram in zip(rows, histograms, strict=True):
            assert row["median_others"] == explanations.median(histogram)
            assert row["mean_others"] == pytest.approx(explanations.mean(histogram), rel=1e-12)


def test_a_row_without_a_histogram_has_neither():
    rows = numbered_items.with_others(statistics([None, [], [{"others": 3, "buyers": 2}]]))
    assert rows["median_others"].to_pylist() == [None, None, 3.0]
    assert rows["mean_others"].to_pylist() == [None, None, 3.0]
    assert numbered_items.with_others(statistics([None])).num_rows == 1


def catalogue(*rows):
    names = numbered_items.CATALOGUE
    columns = {name: [row.get(name) for row in rows] for name in names}
    kinds = [pa.string()] * 3 + [pa.list_(pa.string()), pa.bool_()]
    return pa.table({n: pa.array(columns[n], k) for n, k in zip(names, kinds, strict=True)})


def numbered(shards=5):
    bought = pa.table({"item_id": ["jam", "tea", "tea", "ghost"], "buyers": [3, 1, 7, 3]})
    rows = ({"item_id": "tea", "title": "Tee", "brand": "Leaf", "category": ["a", "b"],
             "is_available": True}, {"item_id": "jam", "is_available": False},
            {"item_id": "new"})  # fmt: skip
    listed = pa.table({"item_id": ["tea", "listed"]})
    return numbered_items.numbered(catalogue(*rows), bought, listed, shards)


def test_the_most_bought_come_first_and_ties_by_id():
    items = numbered().to_pylist()
    assert [(row["number"], row["item_id"], row["buyers"]) for row in items] == [
        (0, "tea", 7), (1, "ghost", 3), (2, "jam", 3), (3, "listed", 0), (4, "new", 0),
    ]  # fmt: skip
    assert [row["shard"] for row in items] == [shard_of(row["key"], 5) for row in items]


def test_the_index_has_columns_of_what_is_searched_and_shown():
    (text,) = numbered_items.chunks(numbered())
    assert json.loads(text) == {
        "keys": ["tea", "ghost", "jam", "listed", "new"], "titles": ["Tee", "", "", "", ""],
        "brands": ["Leaf", "", "", "", ""], "categories": ["a › b", "", "", "", ""],
        "available": [1, None, 0, None, None], "buyers": [7, 3, 3, 0, 0],
    }  # fmt: skip


def test_the_index_is_cut_into_chunks(monkeypatch):
    monkeypatch.setattr(numbered_items, "IN_A_CHUNK", 2)
    chunks = [json.loads(text)["keys"] for text in numbered_items.chunks(numbered())]
    assert chunks == [["tea", "ghost"], ["jam", "listed"], ["new"]]


def test_a_long_id_has_a_short_key_of_its_own():
    long, other = "x" * 1_000_000, "x" * 999_999 + "y"
    assert numbered_items.key_of("x" * 200) == "x" * 200
    assert len(numbered_items.key_of(long)) == 177
    assert numbered_items.key_of(long) != numbered_items.key_of(other)


def test_shards_hold_so_many_places():
    places = (0, 1, 10_000, 10_001)
    assert [numbered_items.shards_for(n) for n in places] == [1, 1, 1, 2]
