"""The job `evaluations` from files on: what it judges, and what it refuses in one sentence."""

from datetime import date

import pytest
from pyspark.sql import functions as F

from alsobought.runtime.store import Store
from alsobought.tables.outcome import Outcome
from alsobought.tables.related import RELATED_ITEMS
from tests.project import AS_OF, Project
from tests.rows import rows

CUT_OFF = "2017-11-17"
HEAD = "customer,order,item,time\n"
LINES = [
    "c1,o1,tea,2017-11-01", "c1,o1,jam,2017-11-01", "c2,o2,tea,2017-11-02", "c2,o2,jam,2017-11-02",
    "c3,o3,tea,2017-11-03", "c4,o4,tea,2017-11-04", "c4,o4,milk,2017-11-04",
    # what followed the cut-off
    "c1,o5,milk,2017-11-20", "c3,o6,jam,2017-11-21", "c2,o7,tea,2017-11-22",
    "c6,o8,milk,2017-11-22", ",o10,milk,2017-11-30",
]  # fmt: skip
SECTION = {"truth_days": 14, "cut_offs": 1, "every_days": 14, "seed": 1, "replicates": 10,
           "ks": [1, 6], "compared_with": []}  # fmt: skip
THEIRS = "as_of date, market string, customer_id string, model string, rank int, item_id string, "
THEIRS += "score double"


@pytest.fixture(scope="module")
def shop(spark, tmp_path_factory):
    """A shop that has related items as of the cut-off; the runs of the tests come one upon the
    other, in their order."""
    project = Project(tmp_path_factory.mktemp("judged"), spark)
    project.file("purchases/1.csv", HEAD + "\n".join(LINES) + "\n")
    project.file("purchases/2.csv", HEAD + "c5,o9,tea,2017-11-16\nc5,o9,jam,2017-11-16\n")
    project.file("items/1.csv", "item,title\ntea,Tea\njam,Jam\nmilk,Milk\n")
    project.conf["jobs"]["evaluations"] = dict(SECTION)
    for job in ("purchases", "items"):
        project.run_job(job)
    return project


def with_settings(shop, **changed):
    shop.conf["jobs"]["evaluations"] = {**SECTION, **changed}
    return shop


def write_theirs(shop, *lines, schema=THEIRS):
    rows_of_theirs = [(date.fromisoformat(CUT_OFF), "all", *line) for line in lines]
    table = shop.spark.createDataFrame(rows_of_theirs, schema).write.format("delta")
    table.mode("overwrite").option("overwriteSchema", True).save(str(shop.home / "tables/theirs"))


def test_no_lists_at_any_cut_off(shop):
    assert with_settings(shop, cut_offs=2).run_job("evaluations") == [
        "evaluations: 0 rows",
        "nothing is judged: there are no lists of the cut-offs 2017-11-03, 2017-11-17; those of a "
        "day are made by alsobought run related_items --as-of 2017-11-17",
    ]


def test_cut_offs_that_lie_in_the_future(shop):
    assert with_settings(shop).refusal("evaluations", "2030-01-15") == (
        "Every cut-off from 2030-01-01 on lies after the last purchase of a customer (the newest "
        "is of 2017-11-22): take another --as-of, or other cut-offs in [jobs.evaluations]."
    )


def test_a_window_without_purchases(shop):
    assert with_settings(shop, truth_days=10).refusal("evaluations", "2017-11-15") == (
        "No customer bought anything in the days after a cut-off, 2017-11-05 to 2017-11-15 (the "
        "newest is of 2017-11-22): take another --as-of, or other cut-offs in [jobs.evaluations]."
    )


def test_related_items_are_judged_by_what_followed_a_newest_purchase(shop):
    for job in ("item_statistics", "co_purchases", "related_items"):
        shop.run_job(job, CUT_OFF)
    lines = with_settings(shop, cut_offs=2).run_job("evaluations")
    assert lines[1:] == [
        "cut-off 2017-11-03 is left out: there are no lists of it",
        "cut-off 2017-11-17: 4 customers, 4 models",
    ]
    hits = shop.read("evaluations").where(
        "metric = 'hit' AND k = 1 AND segment_by = 'everyone' AND model LIKE '%order together lift'"
    )
    # jam is first of its order by name, so c1 and c2 are shown tea, which c2 buys again; after tea
    # jam is as good as milk, and first by name: c3 buys it; c6 had bought nothing
    columns = ("as_of", "cut_off", "model", "items", "customers", "value")
    model = "related_items order together lift"
    days = (date.fromisoformat(AS_OF), date.fromisoformat(CUT_OFF))
    assert rows(hits.select(*columns)) == [
        (*days, model, "all", 4, 2 / 4),
        (*days, model, "new", 3, 1 / 3),
    ]


def test_a_truth_that_has_not_arrived_is_left_out(shop):
    """c3 and others bought on the 21st, but nothing is there of the window's last three days."""
    assert with_settings(shop).run_job("evaluations", "2017-12-05") == [
        "evaluations: 0 rows",
        "cut-off 2017-11-21 is left out: its truth goes to 2017-12-05, and the newest purchase is "
        "of 2017-11-30, so what was bought last has not arrived; once it has, run evaluations "
        "again",
    ]


def test_another_programs_lists_join_by_their_columns(shop):
    write_theirs(shop, ("c1", "mine", 1, "milk", 1.0), (None, "yours", 1, "jam", 1.0),
                 ("c6", "mine", 1, "milk", 1.0))  # fmt: skip
    lines = with_settings(shop, others=["theirs"]).run_job("evaluations")
    assert lines[1:] == [
        "cut-off 2017-11-17: 4 customers, 6 models",
        "theirs of 2017-11-17 has 1 lists of customers who had bought nothing before it: see that "
        "it was made of what was before",
    ]
    hits = shop.read("evaluations").where(
        "metric = 'hit' AND k = 6 AND segment_by = 'everyone' AND model IN ('mine', 'yours')"
    )
    assert rows(hits.select("model", "items", "value")) == [
        ("mine", "all", 0.5), ("mine", "new", 2 / 3), ("yours", "all", 0.25),
        ("yours", "new", 1 / 3),
    ]  # fmt: skip


def test_a_model_in_two_tables(shop):
    write_theirs(shop, ("c1", "related_items order together lift", 1, "milk", 1.0))
    assert with_settings(shop, others=["theirs"]).refusal("evaluations") == (
        "The model related_items order together lift is in two tables, related_items and theirs: "
        "call it otherwise in one of them."
    )


def test_another_programs_table_that_lacks_columns(shop):
    schema = THEIRS.replace(", rank int", "").replace("score double", "score float")
    write_theirs(shop, ("c1", "mine", "milk", 1.0), schema=schema)
    assert with_settings(shop, others=["theirs"]).refusal("evaluations") == (
        "theirs at tables/theirs cannot be read: missing rank; score is float, not double. It must "
        "have the columns as_of date, market string, customer_id string, model string, rank int, "
        "item_id string, score double."
    )


def test_an_order_that_was_corrected_is_no_leak(shop):
    """The lists were made of an order of the day before; corrected, it is of the day itself."""
    shop.file("purchases/2.csv", HEAD + "c5,o9,tea,2017-11-17\nc5,o9,jam,2017-11-17\n")
    shop.run_job("purchases")
    assert with_settings(shop).run_job("evaluations")[1:] == [
        "cut-off 2017-11-17: 5 customers, 4 models"
    ]


def plant(shop, changed):
    """Have the commit of related_items of the cut-off hold other rows: those that `changed` makes
    of them."""
    store = Store(shop.spark, str(shop.home / "tables"))
    day = date.fromisoformat(CUT_OFF)
    read = store.read(RELATED_ITEMS, day)
    run = store.run_of_day(RELATED_ITEMS, day, read.version)
    store.write(RELATED_ITEMS, Outcome(changed(read.rows)), day, run)


def test_a_purchase_of_the_cut_off_that_was_counted_is_found(shop):
    """Tea had 4 orders before, and c2's of the 22nd; all items of the lists are old."""
    version = shop.version("evaluations")
    tea = F.when((F.col("item_id") == "tea") & (F.col("unit") == "order"), 6)
    larger = {"buyers": F.coalesce(tea, "buyers"), "units": F.greatest("units", F.lit(6))}
    plant(
        shop,
        lambda lists: lists.withColumns({name: n.cast("bigint") for name, n in larger.items()}),
    )
    assert with_settings(shop).refusal("evaluations") == (
        "related_items of 2017-11-17 was made of what was on or after that day: of 6 of its counts "
        "1 are larger than those of the purchases before it, as its run had read them (tea by "
        "order: 6, not 5). Make that day again: alsobought run related_items --with-upstream "
        "--as-of 2017-11-17."
    )
    assert shop.version("evaluations") == version
    for job in ("item_statistics", "co_purchases", "related_items"):
        shop.run_job(job, CUT_OFF)
    assert with_settings(shop).run_job("evaluations")[1:] == [
        "cut-off 2017-11-17: 5 customers, 4 models"
    ]


def test_lists_that_no_run_has_written(shop):
    path = str(shop.home / "tables" / "related_items")
    copied = shop.read("related_items").where(F.col("as_of") == CUT_OFF)
    copied = copied.withColumn("as_of", F.date_sub("as_of", 14))
    copied.write.format("delta").mode("append").save(path)
    assert with_settings(shop, cut_offs=2).refusal("evaluations") == (
        "related_items has lists of 2017-11-03 that no run of its job has written, or none that "
        "Delta's log still has (docs/operations.md: Old days), so nothing says that they were made "
        "of what was before that day: alsobought run related_items --as-of 2017-11-03 makes them "
        "again."
    )
