"""The DAG as Airflow runs it: its own database, real spark-submit, files in, Delta tables out."""

import pytest
from running import project, rows, run_dag

DAY = "2017-03-01"

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
eve,6,milk,2017-03-01T00:00:00Z
"""
# Milk is sold out: it is in nobody's list, and keeps a list of its own.
ITEMS = """\
item,name,for_sale
tea,Green tea,true
jam,Plum jam,true
milk,Oat milk,false
"""
SETTINGS = """\
warehouse = "warehouse"

[spark]
"spark.master" = "local[2]"
"spark.sql.shuffle.partitions" = "1"
"spark.databricks.delta.snapshotPartitions" = "2"
"spark.ui.enabled" = "false"

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

[jobs.related_items]
top_k = 10
"""


@pytest.fixture(scope="module")
def warehouse(airflow_home, tmp_path_factory):
    """The tables after one run of the DAG for DAY."""
    sources = {"purchases.csv": PURCHASES, "items.csv": ITEMS}
    home = project(tmp_path_factory.mktemp("home"), SETTINGS, sources)
    run_dag("related_items", DAY, (home, airflow_home))
    return home / "warehouse"


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


def test_the_night_tells_the_rows_it_refused(warehouse):
    assert rows(warehouse, "rejected_purchases", "reasons") == [
        [["future_time"]],
        [["no_order_and_no_customer"]],
    ]
