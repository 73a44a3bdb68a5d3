"""The DAGs as Airflow runs them: its own database, real spark-submit, files in, Delta tables out.

All of the nightly one runs on a standalone cluster of two workers, as `make cluster` starts it, and
one of its tasks has nothing to do; then a backfill makes one of its tables for two days before. The
same night is run on this machine alone, to compare. Of the weekly DAG two tasks run, one after the
other: all of its jobs write together in tests/jobs/test_training_chain.py, and what every task
submits, and after which, is in test_commands.py and test_dags.py.
"""

import pytest
from conftest import in_main_python
from running import Run, cluster, project, rows, run_dags, run_here, submitted_to

DAY, SUNDAY = "2017-03-01", "2017-03-05"
WITHOUT_SECTION = "cold_start_items"
ROWS_IN = [  # where the night leaves any
    "bestsellers", "buy_again", "co_purchases", "factor_recommendations", "item_statistics",
    "items", "promotions", "purchases", "recommendations", "rejected_purchases", "related_items",
    "related_kinds", "repeat_purchases",
]  # fmt: skip
BACKFILLED, BEFORE = "bestsellers", {"first_day": "2017-02-27", "last_day": "2017-02-28"}

# With min_support 1: tea is in 3 of 4 orders, jam in 3, milk in 1.
PURCHASES = """\
customer,order,item,bought
ann,1,tea,2017-02-01T10:00:00Z
ann,1,jam,2017-02-01T10:00:00Z
ben,2,tea,2017-02-02T10:00:00Z
ben,2,jam,2017-02-02T10:00:00Z
cid,3,tea,2017-02-03T10:00:00Z
cid,3,milk,2017-02-03T10:00:00Z
dan,4,jam,2017-02-28T23:59:59Z
,,jam,2017-02-05T10:00:00Z
ann,6,milk,2017-03-01T00:00:00Z
"""
# Milk is sold out: it is in nobody's list, and keeps a list of its own.
ITEMS = """\
item,name,for_sale
tea,Green tea,true
jam,Plum jam,true
milk,Oat milk,false
"""
# What a session needs on this machine, and on the cluster, whose URL spark-submit is given.
LOCAL = """\
warehouse = "local"

[spark]
"spark.master" = "local[2]"
"""
CLUSTER = """\
warehouse = "warehouse"

[spark]
"spark.driver.host" = "127.0.0.1"
"spark.executor.cores" = "1"
"spark.executor.memory" = "512m"
"spark.python.daemon.module" = "alsobought.runtime.daemon"
"""
SETTINGS = """\
"spark.sql.shuffle.partitions" = "1"
"spark.databricks.delta.snapshotPartitions" = "2"
"spark.ui.enabled" = "false"
# of so few rows: to plan a query anew, and to compile its Java, costs more than it saves
"spark.sql.adaptive.enabled" = "false"
"spark.sql.codegen.wholeStage" = "false"
"spark.sql.codegen.factoryMode" = "NO_CODEGEN"

[sources.purchases]
path = "purchases.csv"
format = "csv"
max_rejected_share = 0.2
max_future_share = 0.2

[sources.purchases.columns]
customer_id = "customer"
order_id = "order"
item_id = "item"
purchased_at = "bought"

[sources.items]
path = "items.csv"
format = "csv"

[sources.items.columns]
item_id = "item"
title = "name"
is_available = "for_sale"

[baskets]
units = ["order"]
look_back_days = 365
count_repeats = true

[baskets.max_items]
order = 100

[lists]
metrics = ["confidence"]
min_support = 1

[jobs.co_purchases]
candidates = 10
task_memory_mb = 64

[jobs.related_kinds]

[jobs.related_items]
top_k = 10

[jobs.bestsellers]
days = 28
top_k = 10

[jobs.repeat_purchases]
look_back_days = 365
shrinkage = 1.0

[jobs.buy_again]
models = ["most_bought"]
look_back_days = 365
min_repeat_probability = 0.1
top_k = 5

[jobs.factor_recommendations]
look_back_days = 365
rank = 2
iterations = 2
regularisation = 0.1
alpha = 1.0
seed = 1
top_k = 5

[jobs.item_informativeness]
unit = "order"
metric = "confidence"
top_k = 5
truth_days = 14
look_back_days = 90
triggers = 5
bestseller_days = 14
prior_hits = 1.0

[jobs.recommendations]
models = ["sum"]
sources = [{ unit = "order", relation = "together", metric = "confidence" }]
triggers = 10
look_back_days = 365
half_life_days = 365.0
shrinkage = 1.0
top_k = 5

[jobs.evaluations]
truth_days = 14
cut_offs = 1
every_days = 14
seed = 1

[jobs.promotions]
models = ["sum"]
k = 6
margin = 0.01
min_rows_share = 0.8
max_changed_share = 0.5
min_items_with_list = 1.0
min_customers_with_list = 0.5
customer_days = 28
max_age_days = 2
"""
OF_THE_WEEK = """
[jobs.purchase_examples]
cut_off_days = 5
history_days = 60
negatives = "uniform"
popularity_exponent = 0.75
half_life_days = 30.0
propensity_exponent = 0.5
propensity_floor = 0.05
train_percent = 80
validation_percent = 10
negatives_per_positive = 1
seed = 1
"""


@pytest.fixture(scope="module")
def homes(tmp_path_factory):
    """The projects in which the nightly DAG has run for DAY, and the weekly one for SUNDAY."""
    folder, sources = tmp_path_factory.mktemp("runs"), {"purchases.csv": PURCHASES}
    sources["items.csv"] = ITEMS
    settings = {"test": CLUSTER + SETTINGS, "local": LOCAL + SETTINGS}
    night = project(folder / "night", settings, sources)
    week = project(folder / "week", {"test": LOCAL + SETTINGS + OF_THE_WEEK}, sources)
    with cluster() as running:
        url = running.url
        run_dags(
            folder / "airflow",
            Run("daily_lists", DAY, night, submitted=submitted_to(url)),
            Run("backfill", DAY, night, ("arguments", BACKFILLED), BEFORE, submitted_to(url)),
            Run("training_data", SUNDAY, week, only=("purchases", "purchase_examples")),
        )
        ran_on = [running.applications(worker) for worker in (1, 2)]
    # an application of each job, with an executor on each worker
    assert ran_on[0] == ran_on[1]
    assert len(ran_on[0]) >= len(ROWS_IN)
    run_here(night, "run", "--all", "--env", "local", "--as-of", DAY)
    return night, week


@pytest.fixture(scope="module")
def warehouse(homes):
    """The tables of the night."""
    return homes[0] / "warehouse"


def test_the_night_ends_with_the_lists_of_the_day(warehouse):
    told = rows(
        warehouse, "related_items", "as_of", "metric", "item_id", "rank", "related_item_id",
        "score", "both", "buyers", "related_buyers", "units",
    )  # fmt: skip
    assert told == [
        [DAY, "confidence", "jam", 1, "tea", 2 / 3, 2, 3, 3, 4],
        [DAY, "confidence", "milk", 1, "tea", 1.0, 1, 1, 3, 4],
        [DAY, "confidence", "tea", 1, "jam", 2 / 3, 2, 3, 3, 4],
    ]


def test_every_table_has_the_rows_of_a_night_on_this_machine_alone(homes):
    night = homes[0]
    compared = in_main_python("table_differences.py", night / "warehouse", night / "local", DAY)
    assert {name: other for name, (_, *other) in compared.items() if other != [[], []]} == {}
    assert sorted(name for name, (alike, *_) in compared.items() if alike) == ROWS_IN


def test_it_ends_with_what_each_customer_is_shown(warehouse):
    """Ann and Ben have bought all that is for sale."""
    shown = rows(warehouse, "recommendations", "as_of", "customer_id", "rank", "item_id", "source")
    assert shown == [
        [DAY, "cid", 1, "jam", "related"],
        [DAY, "dan", 1, "tea", "related"],
    ]


def test_the_gate_comes_last_and_serves_the_first_lists(warehouse):
    """Where there are no lists of two weeks before, there is nothing to judge yet."""
    served = rows(warehouse, "promotions", "number", "decision", "served_as_of")
    assert served == [[1, "promoted", DAY]]
    assert rows(warehouse, "evaluations", "model") == []


def test_then_its_page_says_that_the_lists_go_out(homes):
    page = homes[0] / "warehouse-report" / DAY / "index.html"
    assert f"Yes. The lists of {DAY} go out." in page.read_text(encoding="utf-8")


def test_a_table_whose_section_the_toml_lacks_is_not_made(warehouse):
    assert f"[jobs.{WITHOUT_SECTION}]" not in SETTINGS
    assert sorted(path.name for path in warehouse.iterdir()) == [
        "bestsellers", "buy_again", "co_purchases", "evaluations", "factor_recommendations",
        "item_informativeness", "item_statistics", "items", "promotions", "purchases",
        "recommendations", "rejected_purchases", "related_items", "related_kinds",
        "repeat_purchases", "runs",
    ]  # fmt: skip


def test_every_job_of_the_night_is_recorded(warehouse):
    """Jobs side by side, each in its process, add their rows to one table."""
    recorded = [r for r in rows(warehouse, "runs", "job", "as_of", "outcome") if r[1] == DAY]
    ran = {path.name for path in warehouse.iterdir()} - {"runs", "rejected_purchases"}
    assert recorded == sorted([job, DAY, "done"] for job in ran)


def test_a_backfill_makes_a_table_of_each_of_its_days(warehouse):
    """Before Dan came, late on the 28th, tea had been bought most."""
    listed = rows(warehouse, BACKFILLED, "as_of", "rank", "item_id")
    before = [*BEFORE.values()]
    assert [row for row in listed if row[0] != DAY and row[1] == 1] == [
        [day, 1, "tea"] for day in before
    ]
    made = rows(warehouse, "runs", "job", "as_of", "outcome")
    assert [row for row in made if row[1] != DAY] == [[BACKFILLED, day, "done"] for day in before]


def test_the_night_tells_the_rows_it_refused(warehouse):
    assert rows(warehouse, "rejected_purchases", "reasons") == [
        [["future_time"]],
        [["no_order_and_no_customer"]],
    ]


def test_the_week_ends_with_what_was_bought_and_what_was_not(homes):
    """Learnt from is what Ann, whom history knows, bought after the cut-off: milk."""
    warehouse = homes[1] / "local"
    examples = rows(warehouse, "purchase_examples", "as_of", "customer_id", "label", "item_id")
    assert [row[:3] for row in examples] == [[SUNDAY, "ann", 0], [SUNDAY, "ann", 1]]
    assert [row[3] == "milk" for row in examples] == [False, True]
    assert sorted(path.name for path in warehouse.iterdir()) == [
        "purchase_examples", "purchases", "rejected_purchases", "runs",
    ]  # fmt: skip
