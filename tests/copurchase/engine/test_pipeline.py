"""The engine against the plain-Python oracle and the reference join, row by row."""

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import groupby

import numpy as np
import pyarrow.parquet as pq
import pytest
from pyspark.sql import functions as F

from alsobought.copurchase.cell_bins import bins_of, cells_of
from alsobought.copurchase.engine import pipeline
from alsobought.copurchase.engine.envelopes import COPIES, rows_of
from alsobought.copurchase.engine.stages import count, item_codes, plan, replicate
from alsobought.copurchase.item_statistics import item_statistics
from alsobought.copurchase.prior_fit import fit_prior
from alsobought.copurchase.reference import baskets as reference
from alsobought.copurchase.reference import join, statistics
from alsobought.copurchase.reference.matched import matched_statistics
from alsobought.copurchase.scores import METRICS
from alsobought.copurchase.settings import After, Baskets, Lists
from alsobought.errors import JobError
from alsobought.tables.stored import Stored
from tests import oracle
from tests.rows import rows

AS_OF, LOOK_BACK = date(2017, 4, 20), 109
LINES = "market string, customer_id string, order_id string, item_id string, purchased_at timestamp"
SUPPORT, BEST, MEMORY = 2, 4, 64 << 20
LISTS = Lists(metrics=list(METRICS), min_support=SUPPORT)
RELATIONS = {
    "together": (0, None),
    "after": (0, 60 * oracle.DAY),
    "after_0_10d": (0, 10 * oracle.DAY),
    "after_10_60d": (10 * oracle.DAY, 60 * oracle.DAY),
}


def settings(order, customer, after=None, count_repeats=True, expectation="share"):
    return Baskets(
        units=["order", "customer"],
        look_back_days=LOOK_BACK,
        max_items={"order": order, "customer": customer},
        count_repeats=count_repeats,
        expectation=expectation,
        after=after,
    )


@pytest.fixture(scope="module")
def lines():
    """Two markets, skewed items, repeats, equal times; some lines lie after the as-of day."""
    rng = random.Random(5)
    made = []
    for _ in range(2_500):
        customer, item = rng.randrange(120), int(rng.paretovariate(0.6)) % 30
        seconds = rng.randrange(130 * 4) * 6 * 3600
        order = f"o{customer}-{seconds // (10 * oracle.DAY)}"
        market = "ab"[customer % 2]
        made.append((market, f"c{customer}", order, f"i{item:02}", seconds))
    return made


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


def evidence(pairs):
    """{(unit, relation, market, x, y): (N, E, n_x, n_y, n)}"""
    columns = ["unit", "relation", "market", "item_id", "related_item_id"]
    counts = ["both", "expected", "buyers", "related_buyers", "units"]
    got = {tuple(row[c] for c in columns): tuple(row[c] for c in counts) for row in pairs.collect()}
    assert len(got) == pairs.count(), "a pair came twice"
    return got


def planned_of(purchases, baskets, support=SUPPORT):
    return pipeline.plan_blocks(pipeline.pack_purchases(purchases, baskets, AS_OF), support, MEMORY)


def counted(planned, lists=LISTS, best=BEST):
    """The evidence of the engine's pairs."""
    return evidence(pipeline.count_co_purchases(planned, lists, best).as_frame())


def with_heads(planned, codes):
    """The same plan with some items counted as heads, whatever their size."""
    plans = []
    for of_unit in planned.of_units:
        block_of = of_unit.block_of.copy()
        block_of[codes] = plan.NO_BLOCK
        plans.append(replace(of_unit, block_of=block_of, heads=np.array(codes, np.int32)))
    return replace(planned, of_units=plans, tasks=replicate.Tasks(plans, 2))


@pytest.mark.parametrize(
    ("source", "repeats", "expectation", "heads"),
    [("purchases", True, "share", []), ("in_files", False, "matched", [0, 3, 17])],
)
def test_every_relation_of_every_unit_and_market_equals_the_oracle(
    lines, source, repeats, expectation, heads, request
):
    purchases = request.getfixturevalue(source)
    after = After(within_days=60, lag_days=[10])
    baskets = settings(1_000, 1_000, after, repeats, expectation)
    got = counted(with_heads(planned_of(purchases, baskets), heads))
    seen = [line for line in lines if line[4] < LOOK_BACK * oracle.DAY]
    want = {}
    for unit in ("order", "customer"):
        for relation, bounds in RELATIONS.items():
            if unit == "order" and relation != "together":
                continue
            matched = expectation == "matched"
            pairs = oracle.pairs(seen, unit, *bounds, repeats=repeats, matched=matched)
            lists = [oracle.related(pairs, metric, SUPPORT, BEST) for metric in METRICS]
            chosen = {
                (*key, y) for ranked in lists for key, best in ranked.items() for y, _ in best
            }
            want |= {(unit, relation, *pair): pairs[pair] for pair in chosen}
    assert got.keys() == want.keys()
    for key, (both, e, *counts) in want.items():
        assert (got[key][0], *got[key][2:]) == (both, *counts), key
        assert got[key][1] == pytest.approx(e, rel=1e-9 if matched else 1e-12), key


@pytest.mark.parametrize(
    ("order", "customer", "repeats", "expectation", "heads"),
    [
        (1_000, 1_000, False, "share", []),
        (3, 7, True, "share", [0, 2]),
        (3, 7, False, "matched", [0, 2]),
    ],
)
def test_pairs_and_statistics_equal_the_reference_join_with_and_without_a_cap(
    purchases, order, customer, repeats, expectation, heads
):
    baskets = settings(order, customer, None, repeats, expectation)
    planned = planned_of(purchases, baskets)
    got = counted(with_heads(planned, heads))
    by_join = reference.all_units(purchases.rows, baskets, AS_OF)
    of_items = statistics.item_statistics(by_join)
    in_e = matched_statistics(of_items) if expectation == "matched" else of_items
    pairs = join.with_evidence(join.pair_counts(by_join, SUPPORT), in_e)
    want = evidence(join.candidates(pairs, LISTS, BEST))
    assert got.keys() == want.keys()
    for key, (both, e, *counts) in want.items():
        assert (got[key][0], *got[key][2:]) == (both, *counts), key
        assert got[key][1] == pytest.approx(e, rel=1e-12), key
    assert rows(item_statistics(planned.packed).frame) == rows(of_items)


SHRUNKEN_LISTS = Lists(metrics=["eb05", "ebgm"], min_support=SUPPORT)


@pytest.fixture(scope="module")
def with_priors(purchases):
    """A plan with priors, whose items are all sampled, and are counted in another way each time."""
    baskets = settings(1_000, 1_000, count_repeats=False)
    return pipeline.with_priors(planned_of(purchases, baskets), SHRUNKEN_LISTS)


def test_a_prior_is_fitted_to_every_pair_with_support_of_unit_and_relation(with_priors, lines):
    seen = [line for line in lines if line[4] < LOOK_BACK * oracle.DAY]
    for unit, priors in zip(("order", "customer"), with_priors.priors, strict=True):
        pairs = oracle.pairs(seen, unit, repeats=False)
        of_unit = {key: pair for key, pair in pairs.items() if pair[0] >= SUPPORT}
        assert priors.keys() == {"together"}
        assert priors["together"].pairs == len(of_unit) > 200
        both, expected = (np.array([pair[i] for pair in of_unit.values()], float) for i in (0, 1))
        cells = cells_of(bins_of(np.zeros(len(both), np.int32), both.astype(np.int64), expected))
        assert priors["together"].overall == fit_prior(cells, SUPPORT)


def test_candidates_of_the_posterior_equal_the_reference_join_s(with_priors, purchases):
    baskets = settings(1_000, 1_000, count_repeats=False)
    heads = with_heads(with_priors, [0, 3])
    assert heads.priors is with_priors.priors
    rows_of_engine = pipeline.count_co_purchases(heads, SHRUNKEN_LISTS, BEST).as_frame()
    priors = {
        unit.name: tuple(of_unit["together"].overall)
        for unit, of_unit in zip(with_priors.packed.layout.units, with_priors.priors, strict=True)
    }
    of_rows = rows_of_engine.select("unit", "prior").distinct().collect()
    assert {row["unit"]: tuple(row["prior"]) for row in of_rows} == priors
    by_join = reference.all_units(purchases.rows, baskets, AS_OF)
    prior = F.when(F.col("unit") == "order", F.array(*map(F.lit, priors["order"]))).otherwise(
        F.array(*map(F.lit, priors["customer"]))
    )
    pairs = join.with_evidence(
        join.pair_counts(by_join, SUPPORT), statistics.item_statistics(by_join), prior
    )
    want = evidence(join.candidates(pairs, SHRUNKEN_LISTS, BEST))
    got = evidence(rows_of_engine)
    assert got.keys() == want.keys()


def test_priors_do_not_depend_on_partitions(with_priors, purchases):
    baskets = settings(1_000, 1_000, count_repeats=False)
    spread = Stored(purchases.rows.repartition(7, "item_id"))
    packed = pipeline.pack_purchases(spread, baskets, AS_OF)
    planned = pipeline.plan_blocks(packed, SUPPORT, MEMORY)
    priors = pipeline.with_priors(planned, SHRUNKEN_LISTS).priors
    for of_unit, wanted in zip(priors, with_priors.priors, strict=True):
        assert of_unit["together"].overall == wanted["together"].overall


def test_an_item_s_rows_under_a_relation_come_from_one_task_in_one_piece(purchases, monkeypatch):
    monkeypatch.setattr(count, "ROWS_PER_BATCH", 100)
    after = After(within_days=60)
    planned = with_heads(planned_of(purchases, settings(1_000, 1_000, after)), [0, 3])
    made = pipeline.count_co_purchases(planned, LISTS, BEST)
    group = ["unit", "market", "relation", "item_id"]
    of_tasks = made.as_frame().select(*group, F.spark_partition_id().alias("task"))
    groups = [tuple(row) for row in of_tasks.collect()]
    pieces = [key for key, _ in groupby(groups)]
    assert len(pieces) == len(set(pieces)) == len({key[:-1] for key in pieces}) < len(groups)
    assert len({task for *_, task in pieces}) > 2


def test_the_cap_and_its_effect_are_told_exactly(frame):
    """Customer c has 4 items and the cap is 3: 6 pairs become 3; d stays as it is."""
    at = datetime(2017, 4, 1, tzinfo=UTC)
    made = [("all", "c", "o", item, at) for item in "wxyz"] + [
        ("all", "d", "o2", i, at) for i in "xy"
    ]
    packed = pipeline.pack_purchases(Stored(frame(LINES, *made)), settings(3, 3), AS_OF)
    by_size = packed.totals[1].by_size
    counts = (by_size.units, by_size.sampled_units, by_size.pairs_before, by_size.pairs)
    assert [count.sum() for count in counts] == [2, 1, 7, 4]


def test_an_item_that_is_bought_once_per_customer_counts_once_and_never_with_itself(frame):
    at = datetime(2017, 4, 1, tzinfo=UTC)
    made = [("all", "c", f"o{i}", item, at) for i, item in enumerate("xxy")]
    planned = planned_of(Stored(frame(LINES, *made)), settings(9, 9), support=1)
    # one chance of 1/3 beside x; two chances of 2/3 beside y
    assert counted(planned, LISTS.model_copy(update={"min_support": 1}), 5) == {
        ("customer", "together", "all", "x", "y"): (1, pytest.approx(1 / 3), 1, 1, 1),
        ("customer", "together", "all", "y", "x"): (1, pytest.approx(8 / 9), 1, 1, 1),
    }


def test_a_case_follows_a_phone_and_a_phone_does_not_follow_a_case(frame):
    """Ten customers buy a phone, a case two days later, and jam at any time."""
    day = datetime(2017, 2, 1, tzinfo=UTC)
    made = []
    for c in range(10):
        start = day + timedelta(days=c)
        made.append(("all", f"c{c}", f"a{c}", "phone", start))
        made.append(("all", f"c{c}", f"b{c}", "case", start + timedelta(days=2)))
        made.append(("all", f"c{c}", f"d{c}", "jam", start + timedelta(days=(c % 3) * 2 - 1)))
    baskets = settings(9, 9, After(within_days=30))
    planned = planned_of(Stored(frame(LINES, *made)), baskets, support=1)
    got = counted(planned, LISTS.model_copy(update={"min_support": 1}), 5)
    after = {key[3:]: counts for key, counts in got.items() if key[1] == "after"}
    assert after["phone", "case"][0] == 10
    assert ("case", "phone") not in after
    together = {key[3:] for key in got if key[1] == "together" and key[0] == "customer"}
    assert {("phone", "case"), ("case", "phone")} <= together


def test_an_item_for_every_block_is_planned_within_the_memory(purchases):
    packed = pipeline.pack_purchases(purchases, settings(1_000, 1_000), AS_OF)
    planned = pipeline.plan_blocks(packed, SUPPORT, 20_000)
    for totals, of_unit in zip(packed.totals, planned.of_units, strict=True):
        assert of_unit.task_bytes.max() <= 20_000
        in_plan = np.concatenate([np.flatnonzero(of_unit.block_of >= 0), of_unit.heads])
        assert sorted(in_plan) == np.flatnonzero(totals.buyers >= SUPPORT).tolist()


def test_what_blocks_would_receive_is_counted_as_it_is_then_copied(purchases):
    packed = pipeline.pack_purchases(purchases, settings(1_000, 1_000), AS_OF)
    planned = pipeline.plan_blocks(packed, SUPPORT, MEMORY)
    replicated = replicate.replicate_baskets(
        packed.rows, packed.layout, planned.of_units, planned.tasks
    ).toArrow()
    copied = np.zeros(planned.tasks.count, np.int64)
    for batch, i in rows_of(replicated.to_batches()):
        copied[batch["task"][i].as_py()] += len(COPIES.read((batch, i)).codes)
    for unit, first in enumerate(planned.tasks.first_blocks):
        of_unit = planned.of_units[unit]
        counts = replicate.collect_copy_counts(packed.rows, packed.layout, unit, of_unit)
        assert counts.sum() > 0
        assert counts.tolist() == copied[first : first + of_unit.blocks].tolist()


def test_blocks_whose_bound_is_too_coarse_are_counted_before_they_are_made_smaller(
    purchases, monkeypatch
):
    """Room for what blocks receive, but not for its bound: one exact count and no second draft."""
    packed = pipeline.pack_purchases(purchases, settings(1_000, 1_000), AS_OF)
    roomy = pipeline.plan_blocks(packed, SUPPORT, MEMORY).of_units
    exact, asked = replicate.collect_copy_counts, []

    def collect_copy_counts(rows, layout, unit, draft):
        asked.append((unit, draft.blocks))
        return exact(rows, layout, unit, draft)

    monkeypatch.setattr(replicate, "collect_copy_counts", collect_copy_counts)
    bounds = [int(of_unit.task_bytes.max()) for of_unit in roomy]
    planned = pipeline.plan_blocks(packed, SUPPORT, min(bounds) - 1)
    assert asked, "no bound was too coarse"
    for unit, of_unit in enumerate(planned.of_units):
        assert of_unit.is_exact == ((unit, of_unit.blocks) in asked)
        assert of_unit.task_bytes.max() < min(bounds)


def test_a_memory_too_small_for_the_items_is_refused_with_what_to_set(purchases):
    packed = pipeline.pack_purchases(purchases, settings(1_000, 1_000), AS_OF)
    with pytest.raises(JobError, match="task_memory_mb: 60 items need 0 MB a task"):
        pipeline.plan_blocks(packed, SUPPORT, 1_000)


def test_a_collision_is_scanned_again_with_the_next_salt(purchases, monkeypatch):
    number_items, salts = item_codes.number_items, []

    def collides_at_first(tables, salt):
        salts.append(salt)
        if salt == 0:
            raise item_codes.Collision
        return number_items(tables, salt)

    monkeypatch.setattr(item_codes, "number_items", collides_at_first)
    items = pipeline.pack_purchases(purchases, settings(9, 9), AS_OF).items
    assert (salts, items.salt, len(items)) == ([0, 1], 1, 60)
    monkeypatch.undo()
    unsalted = pipeline.pack_purchases(purchases, settings(9, 9), AS_OF).items
    assert set(items.hashes.tolist()).isdisjoint(unsalted.hashes.tolist())
    assert sorted(items.texts.to_pylist()) == sorted(unsalted.texts.to_pylist())


def test_an_empty_window_says_which_days_were_looked_at(purchases):
    with pytest.raises(JobError) as refused:
        pipeline.pack_purchases(purchases, settings(9, 9), date(2020, 1, 1))
    assert str(refused.value) == (
        "purchases has none in the 109 days before 2020-01-01 ([baskets] look_back_days): it has "
        "them from 2017-01-01 to 2017-05-10; choose a later or an earlier as-of day."
    )
