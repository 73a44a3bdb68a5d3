"""From candidates to lists: ties, support, availability, several metrics at once; both ways."""

import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import functions as F

from alsobought.copurchase.scores import METRICS, SHRUNKEN
from alsobought.copurchase.settings import Lists
from alsobought.errors import JobError
from alsobought.related import candidate_files
from alsobought.related.candidate_files import GROUP, unknown_items, whole_groups
from alsobought.related.listable_pairs import ListInputs, listable_pairs
from alsobought.related.related_items import only_listable, ranked, related_items
from alsobought.tables.outcome import WorkerRows
from alsobought.tables.related import RELATED_ITEMS
from alsobought.tables.stored import WHOLE_GROUPS, Stored
from tests.rows import rows

PAIRS = """unit string, market string, relation string, item_id string, related_item_id string,
    both bigint, expected double, buyers bigint, related_buyers bigint, units bigint"""
PRIORS = {"a": [0.5, 0.1, 3.0, 2.5, 0.2], "b": [2.0, 0.5, 1.0, 1.2, 0.4]}  # of markets


def pair(item, related, both, expected=1.0, buyers=100, related_buyers=100):
    fixed = ("order", "all", "together")
    return (*fixed, item, related, both, expected, buyers, related_buyers, 1_000)


def listed(df):
    return [
        (row["metric"], row["item_id"], row["rank"], row["related_item_id"], row["score"])
        for row in df.orderBy("metric", "item_id", "rank").collect()
    ]


PROMISE = {WHOLE_GROUPS: ",".join(GROUP)}
ITEMS = "item_id string, is_available boolean"


def write(path, candidates, promise=PROMISE):
    """A file of candidates, in row groups that cut groups in two."""
    schema = candidates.schema.with_metadata(promise)
    pq.write_table(candidates.cast(schema), path, row_group_size=37)
    return str(path)


@pytest.fixture(scope="module")
def candidates(frame):
    """Candidates of 90 groups, of up to 30 rows and in no order, with many equal scores."""
    rng, made = random.Random(3), []
    for group in range(90):
        fixed = ("order" if group % 2 else "customer", "ab"[group % 3 % 2], "together")
        buyers = rng.randint(5, 40)
        for y in rng.sample(range(60), rng.randint(1, 30)):
            related, both = rng.randint(5, 9), rng.randint(1, 5)
            expected = rng.choice([0.3, 1.0, 2.5])
            counts = (both, expected, buyers, related, 50)
            made.append((*fixed, f"x{group}", f"y{y}", *counts, PRIORS[fixed[1]]))
    return frame(f"{PAIRS}, prior array<double>", *made).toArrow()


@pytest.fixture(scope="module")
def items(frame):
    """Nine of ten items are available, and some are in no catalogue."""
    return frame(ITEMS, *((f"y{y}", y % 10 > 0) for y in range(55)))


def in_two_files(candidates, folder):
    """Two files of candidates: those of the first 30 groups, and the others."""
    ids = candidates["item_id"].to_pylist()
    first = ids.index("x30")
    halves = candidates.slice(0, first), candidates.slice(first)
    return tuple(write(folder / f"{i}.parquet", half) for i, half in enumerate(halves))


@pytest.mark.parametrize(
    ("top_k", "unknown", "metrics", "error"),
    [(4, "leave_out", METRICS, 1e-12), (100, "keep", METRICS, 1e-12), (9, "keep", SHRUNKEN, 1e-6)],
)
def test_workers_that_read_files_make_the_same_lists_as_spark(
    candidates, items, tmp_path, spark, top_k, unknown, metrics, error
):
    pairs = Stored(spark.createDataFrame(candidates), in_two_files(candidates, tmp_path))
    lists = Lists(metrics=list(metrics), min_support=2, unknown_items=unknown)
    unknown_ids = pa.array([f"y{y}" for y in range(55, 60)])
    by_workers = related_items(pairs, ListInputs(Stored(items), unknown_ids), lists, top_k)
    assert isinstance(by_workers, WorkerRows)
    by_spark = related_items(Stored(pairs.rows), ListInputs(Stored(items)), lists, top_k)
    order = ["unit", "market", "relation", "metric", "item_id", "rank"]
    got, want = (
        RELATED_ITEMS.conform(lists).sort(*order).toArrow().to_pydict()
        for lists in (by_workers.as_frame(), by_spark)
    )
    assert len(want["rank"]) > 100 * len(metrics)
    assert ("y57" in want["related_item_id"]) == (unknown == "keep")
    assert got.pop("score") == pytest.approx(want.pop("score"), rel=error)
    assert got == want


def test_candidates_without_priors_are_refused_where_a_score_takes_one(candidates, items, spark):
    rows = spark.createDataFrame(candidates.slice(0, 1)).withColumn("prior", F.lit(None))
    lists = Lists(metrics=["lift", "eb05"], min_support=1)
    with pytest.raises(JobError, match="co_purchases has no prior, which eb05 takes"):
        related_items(Stored(rows), ListInputs(Stored(items)), lists, 3)


def test_batches_hold_whole_groups_and_all_rows_in_their_order(candidates, tmp_path, monkeypatch):
    file = write(tmp_path / "candidates.parquet", candidates)
    for rows_per_batch in (1, 20, 10_000):
        monkeypatch.setattr(candidate_files, "ROWS_PER_BATCH", rows_per_batch)
        batches = list(whole_groups(file))
        assert pa.Table.from_batches(batches).equals(candidates.cast(batches[0].schema))
        items = [set(batch["item_id"].to_pylist()) for batch in batches]
        assert sum(map(len, items)) == len(set().union(*items)) == 90


@pytest.mark.parametrize("promise", [None, {WHOLE_GROUPS: "item_id"}])
def test_a_file_that_another_program_wrote_is_ranked_by_spark(
    candidates, items, tmp_path, spark, promise
):
    ours = write(tmp_path / "ours.parquet", candidates)
    files = (ours, write(tmp_path / "theirs.parquet", candidates.slice(0, 0), promise))
    lists = Lists(metrics=["lift"], min_support=1)
    pairs = Stored(spark.createDataFrame(candidates.slice(0, 9)), files)
    assert not isinstance(related_items(pairs, ListInputs(Stored(items)), lists, 3), WorkerRows)


def test_available_items_are_read_from_files_or_rows_and_ascend(items, tmp_path):
    pq.write_table(items.toArrow(), tmp_path / "items.parquet")
    lists = Lists(metrics=["lift"], min_support=1)
    wanted = sorted(f"y{y}" for y in range(55) if y % 10)
    for files in ((), (str(tmp_path / "items.parquet"),)):
        assert listable_pairs(ListInputs(Stored(items, files)), lists).ids.to_pylist() == wanted


def test_lists_are_ranked_by_score_then_by_id_and_cut(frame):
    pairs = frame(PAIRS, pair("x", "c", 3), pair("x", "b", 3), pair("x", "a", 2), pair("x", "d", 9))
    lists = Lists(metrics=["excess"], min_support=1)
    assert listed(ranked(pairs, lists, 3)) == [
        ("excess", "x", 1, "d", 8.0),
        ("excess", "x", 2, "b", 2.0),
        ("excess", "x", 3, "c", 2.0),
    ]


def test_each_metric_has_a_list_of_its_own(frame):
    pairs = frame(PAIRS, pair("x", "a", 10, 5.0), pair("x", "b", 4, 1.0))
    lists = Lists(metrics=["excess", "relative_excess"], min_support=1)
    assert listed(ranked(pairs, lists, 1)) == [
        ("excess", "x", 1, "a", 5.0),
        ("relative_excess", "x", 1, "b", 3.0),
    ]


def test_a_pair_below_the_support_is_in_no_list(frame):
    pairs = frame(PAIRS, pair("x", "a", 2), pair("x", "b", 3))
    lists = Lists(metrics=["excess"], min_support=3)
    assert [row[3] for row in listed(ranked(pairs, lists, 9))] == ["b"]


def test_an_unavailable_item_is_in_no_list_and_an_unknown_one_where_those_are_kept(frame):
    pairs = frame(PAIRS, pair("x", "a", 2), pair("x", "b", 3), pair("gone", "a", 4))
    pairs = pairs.union(frame(PAIRS, pair("b", "gone", 4)))
    items = frame("item_id string, is_available boolean", ("a", True), ("x", True), ("gone", False))

    def left(unknown_items):
        lists = Lists(metrics=["lift"], min_support=1, unknown_items=unknown_items)
        return rows(only_listable(pairs, items, lists).select("item_id", "related_item_id"))

    assert left("leave_out") == [("gone", "a"), ("x", "a")]
    assert left("keep") == [("gone", "a"), ("x", "a"), ("x", "b")]


STATISTICS = "unit string, market string, item_id string, purchases bigint"


def test_bought_items_that_the_catalogue_does_not_have_are_counted_and_told(frame, tmp_path):
    """EU is a group of the markets a and b: what is bought there is counted already."""
    bought = [("order", "a", "tea", 6), ("order", "a", "new", 1), ("order", "b", "old", 2)]
    bought += [("order", "b", "new", 1), ("order", "EU", "new", 2), ("customer", "a", "tea", 6)]
    statistics = Stored(frame(STATISTICS, *bought))
    items = Stored(frame(ITEMS, ("tea", True), ("old", False)))
    unknown = unknown_items(items, statistics, ["EU"])
    assert unknown.ids.to_pylist() == ["new"]
    assert unknown.in_words(Lists(metrics=["lift"], min_support=1)) == [
        "1 of 3 items that were bought are not in the catalogue (0.0% by customer and 20.0% by "
        'order of the purchases): lists do not show them ([lists] unknown_items = "leave_out")'
    ]
    pq.write_table(statistics.rows.toArrow(), tmp_path / "statistics.parquet")
    in_file = Stored(statistics.rows, (str(tmp_path / "statistics.parquet"),))
    all_in = Stored(frame(ITEMS, *((item, False) for item in ("tea", "old", "new"))))
    assert unknown_items(all_in, in_file, []).in_words(Lists(metrics=["lift"], min_support=1)) == []
    (note,) = unknown.in_words(Lists(metrics=["lift"], min_support=1, unknown_items="keep"))
    assert note.endswith('lists may show them ([lists] unknown_items = "keep")')
