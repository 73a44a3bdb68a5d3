"""The lists as JSON: whole lists, in shards by item, with their evidence and kinds."""

import json

import pyarrow as pa

from alsobought.report import list_shards, numbered_items
from alsobought.report.list_shards import shard_texts

LISTED = list_shards.LISTED
IDS = ("tea", "jam", 'x"</script>\u202e\x00')
ITEMS = pa.table(
    {
        "item_id": IDS, "number": pa.array([0, 1, 2], pa.int32()), "key": IDS,
        "shard": pa.array([1, 0, 1], pa.int32()),
    }
)  # fmt: skip
STATISTICS = pa.Table.from_pylist(
    [
        {"item_id": "tea", "unit": "order", "market": "all", "buyers": 4, "units": 10,
         "median_others": 3.0, "mean_others": 3.126}
    ],
    numbered_items.WITH_OTHERS,
)  # fmt: skip


def places(*rows):
    columns = dict(zip(LISTED, map(list, zip(*rows, strict=True)), strict=True))
    return pa.table(columns)


def place(item, rank, related, score, *, metric="lift", unit="order", expected=1.0):
    return (unit, "all", "together", metric, item, rank, related, score, 2, expected, 4, 5, 10)


ROWS = places(
    place(0, 2, 2, 2.0), place(0, 1, 1, 12345.678), place(0, 1, 2, -0.0123456, metric="excess"),
    place(2, 1, 0, 0.0, unit="customer", expected=123.456),
)  # fmt: skip


def shards(kinds=None):
    return {n: json.loads(text) for n, text in shard_texts(ROWS, ITEMS, STATISTICS, kinds)}


def test_an_item_has_its_lists_by_rank_in_its_shard():
    (only,) = shards().items()
    assert only[0] == 1
    tea, hostile = only[1]["tea"], only[1][IDS[2]]
    excess, lift = tea["lists"]
    assert tea["n"] == 0
    assert lift == {
        "unit": "order", "market": "all", "relation": "together", "metric": "lift", "of_x": 4,
        "n": 10, "y": [1, 2], "scores": [12346.0, 2.0], "both": [2, 2], "expected": [1.0, 1.0],
        "of_y": [5, 5], "kinds": None, "median": 3.0, "mean": 3.13,
    }  # fmt: skip
    assert (excess["metric"], excess["y"], excess["scores"]) == ("excess", [2], [-0.01235])
    (of_hostile,) = hostile["lists"]
    assert (of_hostile["scores"], of_hostile["expected"]) == ([0.0], [123.5])
    assert of_hostile["median"] is None


def test_kinds_stand_beside_the_places():
    kinds = pa.Table.from_pylist(
        [{"market": "all", "item": 0, "related": 2, "kind": "variant"},
         {"market": "other", "item": 0, "related": 1, "kind": "unsure"}], list_shards.KINDS,
    )  # fmt: skip
    excess, lift = shards(kinds)[1]["tea"]["lists"]
    assert (lift["kinds"], excess["kinds"]) == ([None, "variant"], ["variant"])


def test_no_lists_make_no_shard():
    assert list(shard_texts(ROWS.slice(0, 0), ITEMS, STATISTICS, None)) == []
