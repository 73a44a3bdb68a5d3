"""The weekly DAG as Airflow runs it, on a shop with a few hundred offers."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from running import project, rows, run_dag

DAY = "2017-03-05"
SUNDAY = datetime(2017, 3, 5, tzinfo=UTC)
OFFERS, CUSTOMERS = 600, 60
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

[sources.purchases.columns]
customer_id = "customer"
order_id = "order"
item_id = "item"
purchased_at = "at"

[sources.items]
path = "items.csv"
format = "csv"

[sources.items.columns]
item_id = "item"
title = "item"

[sources.offers]
path = "offers.csv"
format = "csv"

[sources.offers.columns]
offer_id = "offer"
customer_id = "customer"
issued_at = "at"
features = ["value"]

[sources.engagements]
path = "engagements.csv"
format = "csv"

[sources.engagements.columns]
offer_id = "offer"
engaged_at = "at"

[sources.redemptions]
path = "redemptions.csv"
format = "csv"

[sources.redemptions.columns]
offer_id = "offer"
redeemed_at = "at"

[baskets]
units = ["order"]
look_back_days = 365
count_repeats = true

[baskets.max_items]
order = 100

[lists]
metrics = ["confidence"]
min_support = 1

[redemption]
attribution_days = 30
observation_days = 7
methods = ["none", "snapshot_with_engagement"]
model = "logistic"
replays = 2
training_rows = 10000
min_matured = 100
floor = 0.05
seed = 1

[jobs.training_examples.split]
by = "customer"
seed = 1

[jobs.purchase_examples]
cut_off_days = 30
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


def sources() -> dict[str, str]:
    """Offers of the last sixty days, half of them engaged with, a third redeemed; some purchases.

    An event of the future is not in the files yet.
    """
    drawn = random.Random(1)
    files = {
        "offers.csv": ["offer,customer,at,value"],
        "engagements.csv": ["offer,at"],
        "redemptions.csv": ["offer,at"],
        "purchases.csv": ["customer,order,item,at"],
        "items.csv": ["item", "tea", "jam", "milk"],
    }

    def event(file: str, at: datetime, *before: object, after: tuple[object, ...] = ()) -> None:
        if at < SUNDAY:
            files[file].append(",".join(map(str, (*before, f"{at:%Y-%m-%dT%H:%M:%SZ}", *after))))

    for n in range(OFFERS):
        issued = SUNDAY - timedelta(days=drawn.uniform(0.1, 60))
        event("offers.csv", issued, n, n % CUSTOMERS, after=(drawn.randint(1, 5),))
        engaged, redeemed = drawn.expovariate(1 / 5), drawn.expovariate(1 / 5)
        fate = drawn.random()
        if fate < 1 / 2:
            event("engagements.csv", issued + timedelta(days=engaged), n)
        if fate < 1 / 3:
            event("redemptions.csv", issued + timedelta(days=engaged + redeemed), n)
    for n in range(300):
        at = SUNDAY - timedelta(days=drawn.uniform(0.1, 60))
        item = drawn.choice(["tea", "jam", "milk"])
        files["purchases.csv"].append(f"{n % 30},{n},{item},{at:%Y-%m-%dT%H:%M:%SZ}")
    return {name: "\n".join(lines) + "\n" for name, lines in files.items()}


@pytest.fixture(scope="module")
def warehouse(airflow_home, tmp_path_factory):
    """The tables after one run of the DAG for DAY."""
    home = project(tmp_path_factory.mktemp("home"), SETTINGS, sources())
    run_dag("training_data", DAY, home, airflow_home)
    return home / "warehouse"


def test_the_week_ends_with_every_offer_weighted_and_scored_by_each_method(warehouse):
    every = sorted(
        [DAY, method, str(n)]
        for method in ("none", "snapshot_with_engagement")
        for n in range(OFFERS)
    )
    assert rows(warehouse, "redemption_weights", "as_of", "method", "offer_id") == every
    assert rows(warehouse, "training_examples", "as_of", "method", "example_id") == every
    assert rows(warehouse, "redemption_scores", "as_of", "method", "offer_id") == every


def test_the_week_is_audited_and_raises_no_alert_on_sound_data(warehouse):
    told = rows(warehouse, "redemption_audits", "as_of", "audit", "is_alert")
    assert {(day, is_alert) for day, _, is_alert in told} == {(DAY, False)}
    assert {audit for _, audit, _ in told} == {
        "clipped_share", "drift", "effective_sample_size", "model_version", "recomputed_weight",
        "sum_q_w", "weight_by_age",
    }  # fmt: skip


def test_what_customers_bought_is_a_training_set_too(warehouse):
    told = rows(warehouse, "purchase_examples", "as_of", "label")
    assert {tuple(row) for row in told} == {(DAY, 0), (DAY, 1)}
