"""What the recipes of docs/extending.md must have made possible; run by test_extending.py.

Runs in a copy of the project in which the recipes have been followed, not in the project itself.
One Spark session serves all of it.
"""

from datetime import UTC, date, datetime

import numpy as np
import pytest
from pyspark.sql import functions as F
from pyspark.sql.types import StructType
from typer.testing import CliRunner

from alsobought.commands.cli import app
from alsobought.copurchase.engine.kernels import best_candidates
from alsobought.copurchase.engine.kernels.named_arrays import (
    Candidates,
    Histogram,
    ItemFacts,
    PairRows,
    Selection,
)
from alsobought.copurchase.scores import METRICS
from alsobought.copurchase.settings import Lists
from alsobought.related import related_items
from alsobought.runtime import job as jobs
from alsobought.runtime.run import context
from alsobought.runtime.store import Store
from alsobought.tables import ALL
from alsobought.tables.copurchase import CO_PURCHASES
from alsobought.tables.outcome import Outcome
from alsobought.tables.purchases import PURCHASES
from alsobought.training.offers.redemption_weights import redemption_weights
from tests import oracle
from tests.project import AS_OF, REPO, Project
from tests.rows import rows
from tests.training.offers.offer_rows import drawn, examples, settings

SCORE = "kulczynski"
DAY = date.fromisoformat(AS_OF)
# of these, the new score chooses unlike every other score
ORDERS = {
    "o1": "jam", "o2": "milk rice", "o3": "tea", "o4": "tea milk", "o5": "tea jam milk",
    "o6": "milk", "o7": "tea milk", "o8": "jam milk rice",
}  # fmt: skip
LINES = [(order, item) for order, items in ORDERS.items() for item in items.split()]


@pytest.fixture(scope="module")
def shop(spark, tmp_path_factory):
    """A warehouse with eight orders of one to three items, each of a customer of its own."""
    project = Project(tmp_path_factory.mktemp("shop"), spark)
    project.conf["jobs"]["order_sizes"] = {"largest": 2}
    at = datetime(2017, 11, 30, tzinfo=UTC)
    lines = [(order, order, item, "1", at, 1.0, 2.5, "all", "file") for order, item in LINES]
    purchases = spark.createDataFrame(lines, StructType(list(PURCHASES.columns)))
    store = Store(spark, str(project.home / "tables"))
    store.write(PURCHASES, Outcome(purchases), DAY, {})
    return project


def test_a_table():
    assert ALL["order_sizes"].names == ("market", "items", "orders")
    checks = {"delta.constraints.counts_positive": "items >= 1 AND orders >= 1"}
    assert ALL["order_sizes"].properties.items() >= checks.items()


def test_a_job(shop):
    environment = context(REPO, "demo", DAY, [jobs.load(REPO, "order_sizes")]).environment
    assert environment.jobs["order_sizes"] == {"largest": 50}
    assert shop.run_job("order_sizes") == ["order_sizes: 2 rows"]
    sizes = shop.read("order_sizes").select("market", "items", "orders")
    assert rows(sizes) == [("all", 1, 3), ("all", 2, 5)]


def best_by_kernel(stats, pairs):
    """{item: the related item that the compiled selection keeps}, one each, by the new score."""
    items = sorted({item for _, item in stats})
    of = [stats["all", item] for item in items]  # buyers, purchases, share, units, histogram
    buyers, _, shares, units, histograms = zip(*of, strict=True)
    facts = ItemFacts(
        np.array(buyers), np.array(shares), np.arange(len(items), dtype=np.int32), np.array(units)
    )
    selection = Selection(1, 1, np.array([best_candidates.NAMES.index(SCORE)]))
    chosen = {}
    for x, item in enumerate(items):
        both = {items.index(y): pair[0] for (_, of_x, y), pair in pairs.items() if of_x == item}
        codes = sorted(both)
        candidates = Candidates(np.array(codes, np.int32), np.array([both[y] for y in codes]))
        histogram = Histogram(*np.array(histograms[x]).T.copy())
        room = [np.empty(9, kind) for kind in (np.int32, np.int32, np.int64, np.float64)]
        out = PairRows(*room)
        assert best_candidates.write_best(x, candidates, histogram, facts, selection, out, 0) == 1
        chosen[item] = items[out.related[0]]
    return chosen


def test_a_score(spark):
    """Kernels and Spark choose each item's best by the score, unlike every other score does."""
    lines = [("all", order, order, item, 0) for order, item in LINES]
    pairs = oracle.pairs(lines, "order")
    best = {x: ys[0] for (_, x), ys in oracle.related(pairs, SCORE, 1, 1).items()}
    chosen = {x: y for x, (y, _) in best.items()}
    for metric in METRICS.keys() - {SCORE}:
        others = oracle.related(pairs, metric, 1, 1)
        assert {x: ys[0][0] for (_, x), ys in others.items()} != chosen, metric

    assert best_by_kernel(oracle.statistics(lines, "order"), pairs) == chosen

    evidence = [
        ("order", *key[:1], "together", *key[1:], *pair, None) for key, pair in pairs.items()
    ]
    frame = spark.createDataFrame(evidence, StructType(list(CO_PURCHASES.columns)))
    ranked = related_items.ranked(frame, Lists(metrics=[SCORE], min_support=1), 1)
    assert rows(ranked.select("item_id", "related_item_id", "score")) == [
        (x, y, pytest.approx(score)) for x, (y, score) in sorted(best.items())
    ]


def test_a_weight_method(spark):
    outcome = redemption_weights(examples(spark, drawn(200)), settings(methods=["ipw"]))
    weights = outcome.rows.groupBy("method", "redeemed").agg(F.min("weight"), F.max("weight"))
    others, redeemed = rows(weights)
    assert others == ("ipw", 0, 1.0, 1.0)
    assert redeemed[:2] == ("ipw", 1)
    assert 1 <= redeemed[2] < redeemed[3] <= 20  # the floor is 0.05


def test_a_command(shop, monkeypatch):
    """It prints what the job has written."""
    monkeypatch.chdir(shop.home)
    assert "sizes" in CliRunner().invoke(app, ["--help"]).output
    shown = CliRunner().invoke(app, ["sizes", "--env", "test"])
    assert shown.exit_code == 0, shown.output
    lines = [line.split() for line in shown.output.splitlines()]
    assert [line for line in lines if line[:1] == ["all"]] == [["all", "1", "3"], ["all", "2", "5"]]
