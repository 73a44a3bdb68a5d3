"""The engine against the plain-Python oracle and the reference join, row by row."""

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from alsobought.copurchase.engine import pipeline as engine
from alsobought.copurchase.engine.kernels import hashing
from alsobought.copurchase.engine.stages import item_codes, plan, replicate
from alsobought.copurchase.reference import baskets as reference
from alsobought.copurchase.reference import join
from alsobought.copurchase.reference.statistics import item_statistics
from alsobought.copurchase.scores import METRICS
from alsobought.copurchase.settings import After, Baskets, Lists
from alsobought.days import in_window
from alsobought.errors import JobError
from alsobought.tables.stored import Stored
from tests import oracle
from tests.rows import rows

FIRST, AS_OF, LOOK_BACK = date(2017, 1, 1), date(2017, 4, 20), 109
LINES = "market string, customer_id string, order_id string, item_id string, purchased_at timestamp"
SUPPORT, BEST, MEMORY = 2, 4, 64 << 20
LISTS = Lists(metrics=list(METRICS), min_support=SUPPORT)
RELATIONS = {
    "together": (0, None),
    "after": (0, 60 * oracle.DAY),
    "after_0_10d": (0, 10 * oracle.DAY),
    "after_10_60d": (10 * oracle.DAY, 60 * oracle.DAY),
}


def settings(order, customer, after=None, count_repeats=True):
    return Baskets(
        units=["order", "customer"],
        look_back_days=LOOK_BACK,
        max_items={"order": order, "customer": customer},
        count_repeats=count_repeats,
        after=after,
    )


@pytest.fixture(scope="module")
def lines():
    """Two markets, skewed items, repeats, equal times; some lines lie after the as-of day."""
    rng = random.Random(5)
    found = []
    for _ in range(2_500):
        customer, item = rng.randrange(120), int(rng.paretovariate(0.6)) % 30
        seconds = rng.randrange(130 * 4) * 6 * 3600
        order = f"o{customer}-{seconds // (10 * oracle.DAY)}"
        market = "ab"[customer % 2]
        found.append((market, f"c{customer}", order, f"i{item:02}", seconds))
    return found


@pytest.fixture(scope="module")
def purchases(lines, spark):
    start = datetime(2017, 1, 1, tzinfo=UTC)
    made = [(*line[:4], start + timedelta(seconds=line[4])) for line in lines]
    return Stored(spark.createDataFrame(made, LINES).cache())


@pytest.fixture(scope="module")
def in_files(purchases, tmp_path_factory):
    """The same lines in three Parquet files, times as INT96 in one, as INT64 in the others."""
    folder = tmp_path_factory.mktemp("purchases")
    early = purchases.rows.where("purchased_at < '2017-02-01'")
    late = purchases.rows.where("purchased_at >= '2017-02-01'").repartition(2)
    early.coalesce(1).write.parquet(f"{folder}/early")
    table = late.toArrow()
    for i, half in enumerate((table[:500], table[500:])):
        pq.write_table(half, folder / f"late{i}.parquet", row_group_size=400)
    files = tuple(sorted(str(path) for path in folder.rglob("*.parquet")))
    assert len(files) == 3
    return Stored(purchases.rows, files)


def evidence(found):
    """{(unit, relation, market, x, y): (N, E, n_x, n_y, n)}"""
    columns = ["unit", "relation", "market", "item_id", "related_item_id"]
    counts = ["both", "expected", "buyers", "related_buyers", "units"]
    got = {tuple(row[c] for c in columns): tuple(row[c] for c in counts) for row in found.collect()}
    assert len(got) == found.count(), "a pair came twice"
    return got


def with_heads(planned, codes):
    """The same plan with some items counted as heads, whatever their size."""
    plans = []
    for own in planned.plans:
        block_of = own.block_of.copy()
        block_of[codes] = plan.NO_BLOCK
        plans.append(replace(own, block_of=block_of, heads=np.array(codes, np.int32)))
    return replace(planned, plans=plans, tasks=replicate.Tasks(plans, 2))


def test_hashes_of_texts_are_spark_s(frame):
    """Of every length up to two stripes of 32 bytes, in two markets."""
    texts = ["äöü€" * (n % 3) + "x" * n for n in range(70)]
    made = [(market, text) for market in ("a", "") for text in texts]
    want = frame("market string, t string", *made).selectExpr("xxhash64(market, t)").collect()
    names = pa.array(["a", ""])
    market_of = np.repeat(np.arange(2, dtype=np.int32), len(texts))
    found = item_codes.Seen(0).add(names, market_of, pa.array([text for _, text in made]))
    assert found.tolist() == [row[0] for row in want]
    sliced = item_codes.Seen(0).add(
        names, market_of[3:], pa.array([text for _, text in made]).slice(3)
    )
    assert sliced.tolist() == found[3:].tolist()


def test_hashes_of_numbers_are_spark_s(frame):
    pairs = [(5, 7), (-1, 0), (2**63 - 1, -(2**63))]
    found = rows(frame("a bigint, b bigint", *pairs).selectExpr("a", "b", "xxhash64(a, b)"))
    for a, b, want in found:
        assert hashing.hash_pair(np.int64(a), np.int64(b)) == want


@pytest.mark.parametrize(
    ("source", "repeats", "heads"), [("purchases", True, []), ("in_files", False, [0, 3, 17])]
)
def test_every_relation_of_every_unit_and_market_equals_the_oracle(
    lines, source, repeats, heads, request
):
    purchases = request.getfixturevalue(source)
    after = After(within_days=60, lag_days=[10])
    baskets = settings(1_000, 1_000, after, count_repeats=repeats)
    planned = engine.planned(engine.packed(purchases, baskets, AS_OF), SUPPORT, MEMORY)
    got = evidence(engine.co_purchases(with_heads(planned, heads), LISTS, BEST))
    seen = [line for line in lines if line[4] < LOOK_BACK * oracle.DAY]
    want = {}
    for unit in ("order", "customer"):
        for relation, bounds in RELATIONS.items():
            if unit == "order" and relation != "together":
                continue
            pairs = oracle.pairs(seen, unit, *bounds, repeats=repeats)
            lists = [oracle.related(pairs, metric, SUPPORT, BEST) for metric in METRICS]
            chosen = {(*key, y) for each in lists for key, found in each.items() for y, _ in found}
            want |= {(unit, relation, *pair): pairs[pair] for pair in chosen}
    assert got.keys() == want.keys()
    for key, (both, e, *counts) in want.items():
        assert (got[key][0], *got[key][2:]) == (both, *counts), key
        assert got[key][1] == pytest.approx(e, rel=1e-12), key


@pytest.mark.parametrize(
    ("order", "customer", "repeats", "heads"), [(1_000, 1_000, False, []), (3, 7, True, [0, 2])]
)
def test_pairs_and_statistics_equal_the_reference_join_with_and_without_a_cap(
    purchases, order, customer, repeats, heads
):
    baskets = settings(order, customer, count_repeats=repeats)
    planned = engine.planned(engine.packed(purchases, baskets, AS_OF), SUPPORT, MEMORY)
    got = evidence(engine.co_purchases(with_heads(planned, heads), LISTS, BEST))
    held = reference.all_units(purchases.rows, baskets, AS_OF)
    statistics = item_statistics(held)
    pairs = join.with_evidence(join.pair_counts(held, SUPPORT), statistics)
    want = evidence(join.candidates(pairs, LISTS, BEST))
    assert got.keys() == want.keys()
    for key, (both, e, *counts) in want.items():
        assert (got[key][0], *got[key][2:]) == (both, *counts), key
        assert got[key][1] == pytest.approx(e, rel=1e-12), key
    assert rows(engine.item_statistics(purchases, baskets, AS_OF)) == rows(statistics)


def test_the_cap_and_its_effect_are_told_exactly(frame):
    """Customer c has 4 items and the cap is 3: 6 pairs become 3; d stays as it is."""
    at = datetime(2017, 4, 1, tzinfo=UTC)
    held = [("all", "c", "o", item, at) for item in "wxyz"] + [
        ("all", "d", "o2", i, at) for i in "xy"
    ]
    baskets = settings(3, 3)
    totals = engine.packed(Stored(frame(LINES, *held)), baskets, AS_OF).totals[1]
    counts = [totals.sum(n) for n in ("units", "sampled_units", "pairs_before", "pairs")]
    assert counts == [2, 1, 7, 4]


def test_an_item_that_is_bought_once_per_customer_counts_once_and_never_with_itself(frame):
    at = datetime(2017, 4, 1, tzinfo=UTC)
    held = [("all", "c", f"o{i}", item, at) for i, item in enumerate("xxy")]
    planned = engine.planned(
        engine.packed(Stored(frame(LINES, *held)), settings(9, 9), AS_OF), 1, MEMORY
    )
    found = evidence(engine.co_purchases(planned, LISTS.model_copy(update={"min_support": 1}), 5))
    # one chance of 1/3 beside x; two chances of 2/3 beside y
    assert found == {
        ("customer", "together", "all", "x", "y"): (1, pytest.approx(1 / 3), 1, 1, 1),
        ("customer", "together", "all", "y", "x"): (1, pytest.approx(8 / 9), 1, 1, 1),
    }


def test_a_case_follows_a_phone_and_a_phone_does_not_follow_a_case(frame):
    """Ten customers buy a phone, a case two days later, and jam at any time."""
    day = datetime(2017, 2, 1, tzinfo=UTC)
    held = []
    for c in range(10):
        start = day + timedelta(days=c)
        held.append(("all", f"c{c}", f"a{c}", "phone", start))
        held.append(("all", f"c{c}", f"b{c}", "case", start + timedelta(days=2)))
        held.append(("all", f"c{c}", f"d{c}", "jam", start + timedelta(days=(c % 3) * 2 - 1)))
    baskets = settings(9, 9, After(within_days=30))
    planned = engine.planned(engine.packed(Stored(frame(LINES, *held)), baskets, AS_OF), 1, MEMORY)
    lists = LISTS.model_copy(update={"min_support": 1})
    found = evidence(engine.co_purchases(planned, lists, 5))
    after = {key[3:]: counts for key, counts in found.items() if key[1] == "after"}
    assert after["phone", "case"][0] == 10
    assert ("case", "phone") not in after
    together = {key[3:] for key in found if key[1] == "together" and key[0] == "customer"}
    assert {("phone", "case"), ("case", "phone")} <= together


def test_an_item_for_every_block_is_planned_within_the_memory(purchases):
    packed = engine.packed(purchases, settings(1_000, 1_000), AS_OF)
    for unit, (own, relations) in enumerate(zip(packed.totals, packed.relations, strict=True)):
        copied = partial(replicate.copied, packed.rows, packed.spread, unit)
        blocks = plan.blocks(own, relations, SUPPORT, 2, 20_000, copied)
        assert blocks.memory.max() <= 20_000
        counted = np.concatenate([np.flatnonzero(blocks.block_of >= 0), blocks.heads])
        assert sorted(counted) == np.flatnonzero(own.buyers >= SUPPORT).tolist()


def test_what_blocks_would_receive_is_counted_as_it_is_then_sent(purchases):
    packed = engine.packed(purchases, settings(1_000, 1_000), AS_OF)
    planned = engine.planned(packed, SUPPORT, MEMORY)
    rows = replicate.split(
        packed.rows, packed.spread, planned.plans, packed.relations, planned.tasks
    ).collect()
    for unit, (blocks, base) in enumerate(
        zip(planned.plans, planned.tasks.block_bases, strict=True)
    ):
        sent = np.zeros(blocks.blocks, np.int64)
        for row in rows:
            if base <= row["task"] < base + blocks.blocks:
                sent[row["task"] - base] += len(row["c"]) // 4
        counted = replicate.copied(packed.rows, packed.spread, unit, blocks.block_of, blocks.blocks)
        assert sent.sum() > 0
        assert counted.tolist() == sent.tolist()


def test_a_memory_too_small_for_the_items_is_refused_with_what_to_set(purchases):
    packed = engine.packed(purchases, settings(1_000, 1_000), AS_OF)
    with pytest.raises(JobError, match="task_memory_mb: 60 items need 0 MB a task"):
        engine.planned(packed, SUPPORT, 1_000)


def test_items_that_share_a_hash_are_two_items_and_a_collision():
    """Three tasks met items; 7 is the hash of tea and, elsewhere, of jam."""
    tasks = [
        pa.table([[7, 9], [1, 1], [5, 2], ["a", "a"], ["tea", "oil"]], schema=item_codes.SCHEMA),
        pa.table([[7], [2], [3], ["a"], ["jam"]], schema=item_codes.SCHEMA),
        pa.table([[7], [1], [4], ["a"], ["tea"]], schema=item_codes.SCHEMA),
    ]
    found = item_codes.merged(tasks)
    assert found["item_id"].to_pylist() == ["tea", "jam", "oil"]
    assert found["lines"].to_pylist() == [9, 3, 2]
    with pytest.raises(item_codes.Collision):
        item_codes.numbered([found], 0)
    numbered = item_codes.numbered([found.slice(1)], 0)
    assert numbered.texts.to_pylist() == ["jam", "oil"]
    assert numbered.lines.tolist() == [3, 2]


def test_a_collision_is_scanned_again_with_the_next_salt(purchases, monkeypatch):
    whole, tried = item_codes.numbered, []

    def collides_at_first(tables, salt):
        tried.append(salt)
        if salt == 0:
            raise item_codes.Collision
        return whole(tables, salt)

    monkeypatch.setattr(item_codes, "numbered", collides_at_first)
    items = engine.packed(purchases, settings(9, 9), AS_OF).items
    assert (tried, items.salt, len(items)) == ([0, 1], 1, 60)
    monkeypatch.undo()
    unsalted = engine.packed(purchases, settings(9, 9), AS_OF).items
    assert set(items.hashes.tolist()).isdisjoint(unsalted.hashes.tolist())
    assert sorted(items.texts.to_pylist()) == sorted(unsalted.texts.to_pylist())


def test_a_task_that_meets_more_items_than_it_had_room_for_counts_them_all():
    """Two chunks of 3,000 items each, half of the second known already."""
    seen, names = item_codes.Seen(0), pa.array(["all"])
    for first in (0, 1_500):
        items = pa.array([f"i{k}" for k in range(first, first + 3_000)])
        seen.add(names, np.zeros(3_000, np.int32), items)
    table = item_codes.merged([table for _, table in seen.by_range(5)])
    lines = dict(zip(table["item_id"].to_pylist(), table["lines"].to_pylist(), strict=True))
    assert lines == {f"i{k}": 1 + (1_500 <= k < 3_000) for k in range(4_500)}


def test_an_empty_window_says_which_days_were_looked_at(purchases):
    with pytest.raises(JobError, match="none from 2019-09-14 to 2020-01-01, the days that"):
        engine.packed(purchases, settings(9, 9), date(2020, 1, 1))


def test_the_window_starts_with_its_first_day_and_ends_before_the_as_of_day(frame):
    days = [(datetime(2017, 4, day, tzinfo=UTC), day) for day in (9, 10, 19, 20)]
    found = in_window(frame("purchased_at timestamp, day int", *days), AS_OF, 10)
    assert [row[1] for row in rows(found)] == [10, 19]
    assert FIRST < AS_OF
