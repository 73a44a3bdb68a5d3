"""Tables of eight items whose counts can be checked by hand: tea's buyers hold 1 or 3 others."""

import json
from datetime import date

import pyarrow as pa
from deltalake import CommitProperties, write_deltalake

TOML = """
warehouse = "tables"
[spark]
[sources.purchases]
path = "purchases.csv"
format = "csv"
time_zone = "UTC"
max_rejected_share = 0.0
max_future_share = 0.0
[sources.purchases.columns]
customer_id = "customer"
order_id = "order"
item_id = "item"
purchased_at = "time"
[sources.items]
path = "items.csv"
format = "csv"
[sources.items.columns]
item_id = "item"
title = "title"
[baskets]
units = ["order", "customer"]
look_back_days = 30
count_repeats = true
[baskets.max_items]
order = 10
customer = 10
[lists]
metrics = ["pearson_residual", "lift"]
min_support = 99
[jobs]
"""
PARAMETERS = {"candidates": 3, "lists": {"metrics": ["pearson_residual", "lift"], "min_support": 2}}
NEW, OLD = date(2024, 1, 2), date(2024, 1, 1)
COUNTS = ("both", "expected", "buyers", "related_buyers", "units")
PAIR = ("as_of", "unit", "market", "relation", "item_id", "related_item_id", *COUNTS)
LISTED = (*PAIR[:4], "metric", "item_id", "rank", "related_item_id", "score", *COUNTS)
STATISTICS = ("as_of", "unit", "market", "item_id", "buyers", "purchases", "share", "units")
ITEMS = ("item_id", "title", "brand", "category", "is_available")

BOUGHT_WITH_TEA = {
    "rice": (2, 1.0, 4, 4, 10),
    "milk": (2, 0.5, 4, 2, 10),
    "jam": (3, 1.0, 4, 3, 10),
    "old": (2, 0.25, 4, 2, 10),
    "ghost": (2, 2.0, 4, 2, 10),
}
CATALOGUE = [
    ("tea", "Green tea", "Leaf", ["drinks"], True),
    ("jam", "Plum jam", "Hill", ["spreads"], True),
    ("milk", None, None, ["drinks"], True),
    ("cup", "Tea cup", "Leaf", ["kitchen"], True),
    ("old", "Old tea", "Leaf", ["drinks"], False),
    ("rice", "Rice", None, ["staples"], True),
    ("soy", "Soy sauce", None, ["staples"], True),
    ("honey", "Honey [raw]", "Hill", ["spreads"], True),
]
BOUGHT = [  # item, buyers, share
    ("tea", 4, 0.2),
    ("jam", 3, 0.15),
    ("milk", 2, 0.1),
    ("old", 2, 0.1),
    ("ghost", 2, 0.1),
    ("cup", 1, 0.1),
    ("honey", 5, 0.2),
    ("rice", 4, 0.1),
    ("soy", 4, 0.25),
]
SERVED = [
    ("pearson_residual", 1, "milk", 2.1213203435596424),
    ("pearson_residual", 2, "jam", 2.0),
    ("lift", 1, "jam", 2.5),
]


def write_all(tables) -> None:
    """Write co_purchases, related_items, items and item_statistics."""
    of_tea = [(NEW, "order", "all", "together", "tea", y, *n) for y, n in BOUGHT_WITH_TEA.items()]
    of_old = (NEW, "order", "all", "together", "old", "ghost", 2, 0.5, 2, 2, 10)
    after = (NEW, "order", "all", "after", "tea", "jam", 2, 0.5, 4, 3, 10)
    write(tables, "co_purchases", PAIR, [*of_tea, of_old, after])
    listed = [
        (NEW, "order", "all", "together", metric, "tea", rank, y, score, *BOUGHT_WITH_TEA[y])
        for metric, rank, y, score in SERVED
    ]
    older = (OLD, *listed[1][1:6], 1, *listed[1][7:])
    later = (NEW, "order", "all", "after", "lift", "tea", 1, "jam", 1.6667, 2, 0.5, 4, 3, 10)
    write(tables, "related_items", LISTED, [*listed, older, later])
    write_items(tables)


def write_items(tables) -> None:
    """Write items and item_statistics."""
    write(tables, "items", ITEMS, CATALOGUE, day=None)
    rows = [(NEW, "order", "all", x, n, n, share, 10) for x, n, share in BOUGHT]
    rows.append((NEW, "customer", "all", "tea", 1, 4, 0.5, 2))
    histogram = [
        [{"others": 1, "buyers": n - n // 2}, {"others": 3, "buyers": n // 2}]
        for n in (row[4] for row in rows)
    ]
    write(tables, "item_statistics", STATISTICS, rows, other_purchases=histogram)


def write(tables, name, columns, rows, *, day=NEW, run=None, **more) -> None:
    """Append literal rows to a table, as a run of the job `name` would."""
    values = dict(zip(columns, map(list, zip(*rows, strict=True)), strict=True)) | more
    run = run or {"job": name, "as_of": str(day), "code_version": "0.1.0", "parameters": PARAMETERS}
    write_deltalake(
        str(tables / name),
        pa.table(values),
        mode="append",
        partition_by=["as_of"] if day else None,
        commit_properties=CommitProperties(custom_metadata={"userMetadata": json.dumps(run)}),
    )
