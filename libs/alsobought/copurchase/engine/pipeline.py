"""The engine from purchases to `item_statistics` and `co_purchases`, stage by stage."""

import time
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import pairwise

from pyspark import StorageLevel
from pyspark.sql import DataFrame

from alsobought.copurchase.engine.stages import pack, plan, replicate
from alsobought.copurchase.engine.stages.count import counted
from alsobought.copurchase.engine.stages.histograms import statistics
from alsobought.copurchase.engine.stages.item_codes import Items
from alsobought.copurchase.engine.stages.lines import by_spark, from_files
from alsobought.copurchase.engine.stages.partition import scattered
from alsobought.copurchase.engine.stages.plan import Blocks, Relation
from alsobought.copurchase.engine.stages.totals import Totals, totals
from alsobought.copurchase.settings import Baskets, Lists
from alsobought.days import days_before
from alsobought.errors import JobError
from alsobought.tables.stored import Stored

DAY = 86_400  # seconds


@dataclass(frozen=True)
class Packed:
    """The baskets of a window, packed and persisted, and what they hold in all."""

    rows: DataFrame
    items: Items
    spread: pack.Layout
    totals: list[Totals]
    relations: list[list[Relation]]
    scan_seconds: float


@dataclass(frozen=True)
class Planned:
    """The packed baskets, and for every unit which task is to count which items."""

    packed: Packed
    plans: list[Blocks]
    tasks: replicate.Tasks
    cores: int


def relations_of(unit: str, baskets: Baskets) -> list[Relation]:
    """The relations to count for a unit: together, and for customers after and its lag buckets."""
    together = Relation("together", 0, -1)
    if unit != "customer" or baskets.after is None:
        return [together]
    horizon = baskets.after.within_days
    edges = [0, *baskets.after.lag_days, horizon]
    buckets = [
        Relation(f"after_{low}_{high}d", low * DAY, high * DAY) for low, high in pairwise(edges)
    ]
    return [together, Relation("after", 0, horizon * DAY), *(buckets if len(buckets) > 1 else [])]


def packed(purchases: Stored, baskets: Baskets, as_of: date, *, histograms: bool = False) -> Packed:
    """The baskets of the look-back window.

    Cost: one scan of the window; the lines are shuffled once as packed integers.
    Raises JobError for an empty window.
    """
    spark = purchases.rows.sparkSession
    cores = spark.sparkContext.defaultParallelism
    units, days = tuple(baskets.units), baskets.look_back_days
    relations = [relations_of(unit, baskets) for unit in units]
    timed = any(relation.is_directed for each in relations for relation in each) and not histograms
    began = time.monotonic()
    lines = (
        from_files(spark, purchases.files, as_of, days)
        if purchases.files
        else by_spark(purchases.rows, as_of, days)
    )
    first = days_before(as_of, days)
    found = scattered(lines, units, first, cores, timed=timed)
    scan_seconds = time.monotonic() - began
    if not len(found.items):
        raise JobError(
            f"purchases has none from {first} to {as_of}, the days that [baskets] looks back: "
            f"run the job purchases --as-of {as_of}, or choose another day."
        )
    layout = pack.layout(found.items, baskets, found.parts)
    rows = pack.packed(
        found.rows,
        found.items,
        layout,
        timed=timed,
        count_repeats=baskets.count_repeats,
        histograms=histograms,
    )
    rows.persist(StorageLevel.MEMORY_AND_DISK)  # read twice: for the totals, then for what follows
    counts = totals(rows, found.items, layout)
    found.rows.unpersist()
    return Packed(rows, found.items, layout, counts, relations, scan_seconds)


def planned(found: Packed, support: int, memory: int) -> Planned:
    """Which task counts what, each within `memory` bytes. Raises JobError where that cannot be."""
    cores = found.rows.sparkSession.sparkContext.defaultParallelism
    plans = []
    for unit, (own, relations) in enumerate(zip(found.totals, found.relations, strict=True)):
        copied = partial(replicate.copied, found.rows, found.spread, unit)
        plans.append(plan.blocks(own, relations, support, cores, memory, copied))
    return Planned(found, plans, replicate.Tasks(plans, cores), cores)


def item_statistics(purchases: Stored, baskets: Baskets, as_of: date) -> DataFrame:
    """`item_statistics`, equal to the reference's."""
    found = packed(purchases, baskets, as_of, histograms=True)
    return statistics(found.rows, found.items, found.totals, found.spread)


def co_purchases(plan: Planned, lists: Lists, per_item: int) -> DataFrame:
    """Each item's best candidates under every metric, for every unit, market and relation.

    Out:  `co_purchases`, equal to the reference join's.
    Cost: baskets and their copies are shuffled as packed integers, pairs never.
    """
    found = plan.packed
    blobs = replicate.split(found.rows, found.spread, plan.plans, found.relations, plan.tasks)
    return counted(
        blobs,
        found.items,
        found.totals,
        plan.plans,
        found.relations,
        plan.tasks,
        lists,
        per_item,
    )
