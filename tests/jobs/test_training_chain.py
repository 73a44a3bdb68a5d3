"""All jobs of the weekly DAG through real files: a few hundred offers in, audited scores out."""

import random
from datetime import UTC, date, datetime, timedelta

import pytest
from deltalake import DeltaTable

from tests.project import Project

DAY = date(2017, 3, 5)
SUNDAY = datetime(2017, 3, 5, tzinfo=UTC)
OFFERS, CUSTOMERS = 600, 60
METHODS = ("none", "snapshot_with_engagement")
SOURCES = ("purchases", "offers", "engagements", "redemptions")
CHAIN = (
    "purchase_examples", "redemption_examples", "redemption_weights", "training_examples",
    "redemption_audits", "redemption_scores",
)  # fmt: skip


def files() -> dict[str, str]:
    """Offers of the last sixty days, half of them engaged with, a third redeemed; some purchases.

    An event of the future is not in the files yet.
    """
    drawn = random.Random(1)
    lines = {
        "offers": ["offer,customer,time,value"],
        "engagements": ["offer,time"],
        "redemptions": ["offer,time"],
        "purchases": ["customer,order,item,time"],
    }

    def event(file: str, at: datetime, *before: object, after: tuple[object, ...] = ()) -> None:
        if at < SUNDAY:
            lines[file].append(",".join(map(str, (*before, f"{at:%Y-%m-%dT%H:%M:%SZ}", *after))))

    for n in range(OFFERS):
        issued = SUNDAY - timedelta(days=drawn.uniform(0.1, 60))
        event("offers", issued, n, n % CUSTOMERS, after=(drawn.randint(1, 5),))
        engaged, redeemed = drawn.expovariate(1 / 5), drawn.expovariate(1 / 5)
        fate = drawn.random()
        if fate < 1 / 2:
            event("engagements", issued + timedelta(days=engaged), n)
        if fate < 1 / 3:
            event("redemptions", issued + timedelta(days=engaged + redeemed), n)
    for n in range(300):
        at = SUNDAY - timedelta(days=drawn.uniform(0.1, 60))
        item = drawn.choice(["tea", "jam", "milk"])
        lines["purchases"].append(f"{n % 30},{n},{item},{at:%Y-%m-%dT%H:%M:%SZ}")
    return {name: "\n".join(text) + "\n" for name, text in lines.items()}


@pytest.fixture(scope="module")
def week(spark, tmp_path_factory):
    """A project in which every job of the weekly DAG has run once for DAY."""
    project = Project(tmp_path_factory.mktemp("week"), spark)
    project.have_offers()
    project.conf["sources"]["offers"]["columns"]["features"] = ["value"]
    project.conf["redemption"] |= {"training_rows": 10_000, "min_matured": 100}
    project.conf["jobs"]["training_examples"] = {"split": {"by": "customer", "seed": 1}}
    project.conf["jobs"]["purchase_examples"] = {
        "cut_off_days": 30,
        "history_days": 60,
        "negatives": "uniform",
        "popularity_exponent": 0.75,
        "half_life_days": 30.0,
        "propensity_exponent": 0.5,
        "propensity_floor": 0.05,
        "train_percent": 80,
        "validation_percent": 10,
        "negatives_per_positive": 1,
        "seed": 1,
    }
    for name, text in files().items():
        project.file(f"{name}/1.csv", text)
    project.run_jobs(*SOURCES, *CHAIN, as_of=DAY.isoformat())
    return project


def stored(week, name, *columns):
    """The rows of a table, sorted."""
    table = DeltaTable(str(week.home / "tables" / name)).to_pyarrow_table(columns=list(columns))
    return sorted(tuple(row.values()) for row in table.to_pylist())


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("redemption_weights", "offer_id"),
        ("training_examples", "example_id"),
        ("redemption_scores", "offer_id"),
    ],
)
def test_the_week_ends_with_every_offer_weighted_and_scored_by_each_method(week, table, key):
    every = sorted((DAY, method, str(n)) for method in METHODS for n in range(OFFERS))
    assert stored(week, table, "as_of", "method", key) == every


def test_the_week_is_audited_and_raises_no_alert_on_sound_data(week):
    audits = stored(week, "redemption_audits", "as_of", "audit", "is_alert")
    assert {(day, is_alert) for day, _, is_alert in audits} == {(DAY, False)}
    assert {audit for _, audit, _ in audits} == {
        "clipped_share", "drift", "effective_sample_size", "model_version", "recomputed_weight",
        "sum_q_w", "weight_by_age",
    }  # fmt: skip


def test_what_customers_bought_is_a_training_set_too(week):
    assert set(stored(week, "purchase_examples", "as_of", "label")) == {(DAY, 0), (DAY, 1)}
