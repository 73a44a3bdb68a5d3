"""Lists of one kind, and limits on what a list's items have in common, against plain Python."""

import random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import functions as F

from alsobought.compiled.hashing import hash_columns
from alsobought.copurchase.settings import Lists
from alsobought.errors import JobError
from alsobought.related.listable_pairs import (
    PAIR,
    ListablePairs,
    ListInputs,
    PairKinds,
    listable_pairs,
)
from alsobought.related.related_items import list_rules, lists_of, related_items
from alsobought.tables.copurchase import CO_PURCHASES
from alsobought.tables.stored import Stored
from tests import oracle

METRICS = ["pearson_residual", "confidence"]
KINDS = ["substitute", "complement"]
LIMITED = {"max_per_title": 1, "max_per_brand": 3, "max_per_category": 2}
CANDIDATES = pa.schema(
    [
        *((name, pa.string()) for name in ("unit", "market", "relation")),
        *((name, pa.string()) for name in ("item_id", "related_item_id")),
        ("both", pa.int64()),
        ("expected", pa.float64()),
        *((name, pa.int64()) for name in ("buyers", "related_buyers", "units")),
    ]
)
SHOWN = ("metric", "item_id", "relation", "rank", "related_item_id")


def world(seed):
    """Candidates of 30 groups with many equal scores; 40 items of few titles, brands, categories,
    of which some have none; the kind of most pairs."""
    dice = random.Random(seed)
    rows = []
    for x in range(30):
        relation = "after" if x % 5 == 4 else "together"
        for y in dice.sample(range(40), dice.randint(1, 30)):
            evidence = (dice.randint(1, 4), dice.choice([0.3, 1.0, 2.5]), 9, dice.randint(5, 7), 50)
            rows.append(("order", "all", relation, f"x{x:02}", f"y{y:02}", *evidence))
    columns = {
        name: pa.array(values, kind)
        for (name, kind), values in zip(
            zip(CANDIDATES.names, CANDIDATES.types, strict=True),
            zip(*rows, strict=True),
            strict=True,
        )
    }
    items = {
        f"y{y:02}": {
            "is_available": y % 9 > 0,
            "title": dice.choice([None, *"abcdefgh"]),
            "brand": dice.choice([None, "Leaf", "Hill"]),
            "category": dice.choice([[], ["food"], ["food", "sweet"], ["drinks"]]),
        }
        for y in range(40)
    }
    kinds = {(row[3], row[4]): dice.choice([*KINDS, "variant", None]) for row in rows}
    return pa.record_batch(columns, CANDIDATES), items, kinds


def expected_lists(candidates, items, kinds, lists, top_k):
    """SHOWN of the lists that there must be, by patience."""
    wanted = []
    for relation, kind in [(None, None), *((kind, kind) for kind in lists.kinds)]:
        for metric in lists.metrics:
            listable = {}
            for row in candidates.to_pylist():
                pair = row["item_id"], row["related_item_id"]
                is_kind = kind is None or (kinds[pair] == kind and row["relation"] == "together")
                if row["both"] >= lists.min_support and items[pair[1]]["is_available"] and is_kind:
                    counts = [row[n] for n in ("both", "expected", "buyers", "related_buyers")]
                    score = oracle.scores(*counts, row["units"])[metric]
                    listable.setdefault(pair[0], []).append((-score, pair[1], row["relation"]))
            for item, rows in listable.items():
                kept = within(sorted(rows), items, lists.limits)[:top_k]
                wanted += [
                    (metric, item, relation or of_row, rank, related)
                    for rank, (_, related, of_row) in enumerate(kept, 1)
                ]
    return sorted(wanted)


def within(rows, items, limits):
    """The rows that the limits leave, one after the other."""
    kept = []
    for row in rows:
        item = items[row[1]]
        full = [
            name
            for name, most in limits.items()
            if item[name] and sum(items[other][name] == item[name] for _, other, _ in kept) >= most
        ]
        if not full:
            kept.append(row)
    return kept


def inputs_of(items, tmp_path):
    """The catalogue as a file."""
    columns = {name: [item[name] for item in items.values()] for name in next(iter(items.values()))}
    table = pa.table({"item_id": [*items], **columns})
    pq.write_table(table, tmp_path / "items.parquet")
    return ListInputs(Stored(None, (str(tmp_path / "items.parquet"),)))


def listable_of(candidates, items, kinds, lists, tmp_path):
    """What is known of the pairs, with the kinds as the table would give them."""
    ids, alike, *_ = listable_pairs(
        inputs_of(items, tmp_path), lists.model_copy(update={"kinds": []})
    )
    rows = [
        row
        for row in candidates.to_pylist()
        if kinds[row["item_id"], row["related_item_id"]] in KINDS
    ]
    names = [pa.array([row[name] for row in rows], pa.string()) for name in PAIR]
    numbers = [KINDS.index(kinds[row["item_id"], row["related_item_id"]]) for row in rows]
    hashes = hash_columns(names)
    order = np.argsort(hashes)
    return ListablePairs(ids, alike, PairKinds(hashes[order], np.array(numbers, np.int32)[order]))


@pytest.mark.parametrize("limits", [{}, {"max_per_title": 1}, LIMITED])
@pytest.mark.parametrize("top_k", [4, 100])
def test_lists_by_kind_and_within_limits_are_those_that_patience_finds(tmp_path, limits, top_k):
    candidates, items, kinds = world(1)
    lists = Lists(metrics=METRICS, min_support=2, kinds=KINDS, **limits)
    listable = listable_of(candidates, items, kinds, lists, tmp_path)
    made = lists_of(candidates, listable, list_rules(lists, top_k), lists)
    rows = [tuple(row[name] for name in SHOWN) for row in made.to_pylist()]
    wanted = expected_lists(candidates, items, kinds, lists, top_k)
    assert {relation for _, _, relation, _, _ in wanted} == {"together", "after", *KINDS}
    assert sorted(rows) == wanted


def test_an_item_that_a_limit_leaves_out_takes_no_place(tmp_path):
    """Of the two cans of one title the better one is listed, and the mop moves up."""
    counts = {"can": 9, "tin": 8, "mop": 7, "jar": 6}
    rows = [("order", "all", "together", "x", y, n, 1.0, 9, 9, 99) for y, n in counts.items()]
    candidates = pa.record_batch(
        [pa.array(v, k) for v, k in zip(zip(*rows, strict=True), CANDIDATES.types, strict=True)],
        CANDIDATES,
    )
    catalogue = {
        "can": ("Cat food", None, []),
        "tin": ("Cat food", None, []),
        "mop": (None, "Brush", ["home"]),
        "jar": (None, "Brush", ["home"]),
    }
    names = ("title", "brand", "category")
    items = {
        y: {"is_available": True, **dict(zip(names, v, strict=True))} for y, v in catalogue.items()
    }

    def listed(**limits):
        lists = Lists(metrics=["excess"], min_support=1, **limits)
        listable = listable_pairs(inputs_of(items, tmp_path), lists)
        made = lists_of(candidates, listable, list_rules(lists, 3), lists)
        return list(zip(made["rank"].to_pylist(), made["related_item_id"].to_pylist(), strict=True))

    assert listed() == [(1, "can"), (2, "tin"), (3, "mop")]
    assert listed(max_per_title=1) == [(1, "can"), (2, "mop"), (3, "jar")]
    assert listed(max_per_title=1, max_per_brand=1) == [(1, "can"), (2, "mop")]
    assert listed(max_per_category=1) == [(1, "can"), (2, "tin"), (3, "mop")]


def test_by_order_a_pair_of_too_few_customers_is_left_out_and_by_customer_it_stays(frame, tmp_path):
    """By order tea goes with jam in orders of two customers, with mop in one customer's."""
    pairs = [("order", "jam"), ("order", "mop"), ("customer", "mop")]
    rows = [(unit, "all", "together", "tea", y, 9, 1.0, 9, 9, 99) for unit, y in pairs]
    candidates = pa.record_batch(
        [pa.array(v, k) for v, k in zip(zip(*rows, strict=True), CANDIDATES.types, strict=True)],
        CANDIDATES,
    )
    items = {y: {"is_available": True} for y in ("jam", "mop")}
    customers = [("all", "tea", "jam", 2, 1.0), ("all", "tea", "mop", 1, 1.0)]
    customers += [("de", "tea", "jam", 1, 1.0), ("all", "jam", "tea", 1, None)]
    kinds = frame(
        "market string, item_id string, related_item_id string, customers_together bigint,"
        " order_lift double",
        *customers,
    )
    inputs = inputs_of(items, tmp_path)._replace(kinds=kinds)

    def listed(least):
        lists = Lists(metrics=["excess"], min_support=1, min_customers=least)
        made = lists_of(candidates, listable_pairs(inputs, lists), list_rules(lists, 3), lists)
        return list(zip(made["unit"].to_pylist(), made["related_item_id"].to_pylist(), strict=True))

    assert listed(1) == pairs
    assert listed(2) == [("order", "jam"), ("customer", "mop")]
    assert listed(3) == [("customer", "mop")]


KINDS_OF_PAIRS = "market string, item_id string, related_item_id string, kind string"


def test_spark_hands_over_what_no_file_promises_and_kinds_come_from_their_table(
    frame, spark, tmp_path
):
    candidates, items, kinds = world(2)
    lists = Lists(metrics=METRICS, min_support=2, kinds=KINDS, **LIMITED)
    of_market = [("all", *pair, kind or "unsure") for pair, kind in kinds.items()]
    others = [("de", *pair, KINDS[0]) for pair in kinds]  # of another market
    catalogue = inputs_of(items, tmp_path)
    inputs = catalogue._replace(kinds=frame(KINDS_OF_PAIRS, *of_market, *others))
    rows = spark.createDataFrame(pa.Table.from_batches([candidates]))
    lacking = [field for field in CO_PURCHASES.columns if field.name not in rows.columns]
    nulls = {field.name: F.lit(None).cast(field.dataType) for field in lacking}
    pairs = Stored(rows.withColumns(nulls) if nulls else rows)
    made = related_items(pairs, inputs, lists, 4).as_frame()
    listed = [tuple(row) for row in made.select(*SHOWN).collect()]
    assert sorted(listed) == expected_lists(candidates, items, kinds, lists, 4)
    with pytest.raises(JobError, match=r"related_kinds: add \[jobs.related_kinds\]"):
        related_items(pairs, catalogue, lists, 4)
