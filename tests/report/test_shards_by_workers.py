"""Shards by Spark's workers: the same files and the same changes as one process makes."""

import random

import pyarrow as pa

from alsobought.report import changed_lists, numbered_items, shards_by_workers
from alsobought.report.data_files import shard_of
from alsobought.report.list_shards import shard_texts

SHARDS = 5
PLACE = pa.schema(
    [*((name, pa.string()) for name in ("unit", "market", "relation", "metric", "item_id")),
     ("rank", pa.int32()), ("related_item_id", pa.string()), ("score", pa.float64()),
     ("both", pa.int64()), ("expected", pa.float64()),
     *((name, pa.int64()) for name in ("buyers", "related_buyers", "units"))]
)  # fmt: skip
KIND = pa.schema([(name, pa.string()) for name in ("market", "item_id", "related_item_id", "kind")])


def day(seed):
    """Lists of two metrics of 40 items, one of which has an id that no file would be called."""
    rng, rows = random.Random(seed), []
    ids = [f"item {n}" for n in range(39)] + ['x"</script>\u202e/']
    for metric in ("lift", "excess"):
        for item in ids:
            others = rng.sample([other for other in ids if other != item], rng.randint(1, 9))
            rows += [
                {"unit": "order", "market": "all", "relation": "together", "metric": metric,
                 "item_id": item, "rank": rank, "related_item_id": other,
                 "score": rng.uniform(-2, 900), "both": 5, "expected": rng.uniform(0.1, 90),
                 "buyers": 50, "related_buyers": 60, "units": 1000}
                for rank, other in enumerate(others, 1)
            ]  # fmt: skip
    return pa.Table.from_pylist(rows, PLACE)


def test_workers_make_the_same_shards_and_count_the_same_changes(spark):
    now, before = day(1), day(2)
    listed = now.select(["item_id"])
    bought = pa.table({"item_id": ["item 7", "item 3"], "buyers": [9, 8]})
    catalogue = pa.table(
        {"item_id": ["item 7"], "title": ["Tea"], "brand": [None], "category": [["a"]],
         "is_available": [True]}, schema=pa.schema([
            ("item_id", pa.string()), ("title", pa.string()), ("brand", pa.string()),
            ("category", pa.list_(pa.string())), ("is_available", pa.bool_())]),
    )  # fmt: skip
    items = numbered_items.numbered(catalogue, bought, listed, SHARDS)
    statistics = pa.Table.from_pylist(
        [{"item_id": "item 7", "unit": "order", "market": "all", "buyers": 9, "units": 1000,
          "median_others": 3.0, "mean_others": 4.5}], numbered_items.WITH_OTHERS,
    )  # fmt: skip
    kinds = pa.Table.from_pylist(
        [{"market": "all", "item_id": "item 7", "related_item_id": other, "kind": "variant"}
         for other in ("item 1", "item 2")], KIND,
    )  # fmt: skip
    of = {row["item_id"]: row["number"] for row in items.to_pylist()}

    def numbers(table):
        return pa.Table.from_pylist([
            row | {"item": of[row["item_id"]], "related": of[row["related_item_id"]]}
            for row in table.to_pylist()
        ])  # fmt: skip

    alone = dict(shard_texts(numbers(now), items, statistics, numbers(kinds)))
    rows = shards_by_workers.together(*map(spark.createDataFrame, (now, before, kinds)))
    made = shards_by_workers.made_by_workers(rows, items, statistics, 3).collect()
    texts = {row["shard"]: row["text"] for row in made if row["shard"] >= 0}
    assert texts == alone
    assert set(texts) == {shard_of(item, SHARDS) for item in listed["item_id"].to_pylist()}
    parts = [
        shards_by_workers.changes_of(row["text"])
        for row in made
        if row["shard"] == shards_by_workers.OF_CHANGES
    ]
    assert len(parts) > 1
    whole = changed_lists.changes(numbers(now), numbers(before))
    assert changed_lists.together(parts) == changed_lists.together([whole])
