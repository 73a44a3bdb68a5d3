"""The engine: Delta to Delta, through the same calls as the job co_purchases."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pyspark.sql import SparkSession

from alsobought.copurchase.settings import Baskets, Lists
from alsobought.tables.stored import Stored
from benchmarks.contestants import TOP, Task
from benchmarks.contestants.spark import after, with_delta
from benchmarks.data_sets import AS_OF, LOOK_BACK_DAYS

__all__ = ["after", "baskets", "lists", "ready", "run"]

TASK_MEMORY_MB = 512


@dataclass(frozen=True)
class Counts:
    """What is counted: by default as all peers do, an item once per customer, and one list."""

    count_repeats: bool = False
    expectation: Literal["share", "matched"] = "share"
    metrics: tuple[str, ...] = ("pearson_residual",)


PEERS = Counts()


def baskets(counts: Counts = PEERS) -> Baskets:
    """Customers."""
    return Baskets(
        units=["customer"],
        look_back_days=LOOK_BACK_DAYS,
        max_items={"customer": 5000},
        count_repeats=counts.count_repeats,
        expectation=counts.expectation,
    )


def lists(task: Task, counts: Counts = PEERS) -> Lists:
    """A list per item and metric."""
    return Lists(metrics=[*counts.metrics], min_support=task.support)


def ready(task: Task) -> SparkSession:
    return with_delta(task, "4g", 4)


def stored(spark: SparkSession, path: str) -> Stored:
    """The table as the job gets it."""
    from alsobought.runtime.store import Store
    from alsobought.tables.purchases import PURCHASES

    store = Store(spark, str(Path(path).parent))
    return Stored(spark.read.format("delta").load(path), store.files(PURCHASES, AS_OF, 0))


def run(task: Task, spark: SparkSession, counts: Counts = PEERS) -> dict[str, float]:
    from alsobought.copurchase.engine import pipeline
    from alsobought.runtime.store import Store
    from alsobought.tables.copurchase import CO_PURCHASES
    from alsobought.tables.outcome import Outcome

    purchases = stored(spark, task.purchases)
    packed = pipeline.pack_purchases(purchases, baskets(counts), AS_OF)
    plan = pipeline.plan_blocks(packed, task.support, TASK_MEMORY_MB << 20)
    rows = pipeline.count_co_purchases(plan, lists(task, counts), TOP)
    Store(spark, task.out).write(CO_PURCHASES, Outcome(rows), AS_OF, {"as_of": str(AS_OF)})
    of_customers = plan.of_units[0]
    pairs = int(packed.totals[0].by_size.pairs.sum())
    return {"pairs": pairs, "blocks": of_customers.blocks, "heads": len(of_customers.heads)}
