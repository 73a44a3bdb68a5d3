"""What a run of co_purchases would take, told before anything is counted."""

from datetime import timedelta
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from alsobought.commands import printing
from alsobought.copurchase.engine import pipeline as engine
from alsobought.copurchase.engine.pipeline import Planned
from alsobought.copurchase.engine.stages import cost
from alsobought.copurchase.engine.stages.item_codes import Items
from alsobought.copurchase.engine.stages.totals import Totals
from alsobought.days import in_window
from alsobought.runtime import session
from alsobought.runtime.run import Context
from alsobought.runtime.store import Store, warehouse_path
from alsobought.tables.purchases import PURCHASES
from alsobought.tables.stored import Stored

HEAVIEST = 5


def show(where: Context, params: Any, *, debug: bool) -> None:
    """Print the plan of co_purchases: pairs, caps, blocks, cost, what is heaviest, warnings.

    `params` are the job's. Cost: the scans and the packing of the run itself, without its counting.
    """
    spark = session.build("plan", where.environment.spark, debug=debug)
    try:
        store = Store(spark, warehouse_path(where.home, where.environment.warehouse))
        read = store.read(PURCHASES, where.as_of)
        purchases = Stored(read.rows, store.files(PURCHASES, read.version))
        packed = engine.packed(purchases, params.baskets, where.as_of)
        plan = engine.planned(packed, params.lists.min_support, params.task_memory_mb << 20)
        looks = cost.outlooks(plan, params.candidates * len(params.lists.metrics))
        first = where.as_of - timedelta(days=params.baskets.look_back_days)
        printing.say(f"co_purchases of {where.name}, purchases from {first} to {where.as_of}")
        window = in_window(read.rows, where.as_of, params.baskets.look_back_days)
        for own, look in zip(packed.totals, looks, strict=True):
            printing.say("", cost.told(look, params.baskets))
            _sizes(own)
            _heaviest(own, packed.items, heaviest_units(window, own.unit))
        _costs(looks)
        printing.say(cost.planned(looks, plan.cores) + ".")
        printing.say(*(f"warning: {said}" for said in cost.warnings(plan, params.baskets)))
        _blocks(plan)
    finally:
        spark.stop()


def heaviest_units(window: DataFrame, unit: str) -> list[tuple[str, int]]:
    """The units with the most purchase lines, repeats included, and how many. Cost: one scan."""
    unit_id = F.col(f"{unit}_id")
    counted = window.groupBy("market", unit_id).agg(F.count(F.lit(1)).alias("lines"))
    top = counted.orderBy(F.desc("lines"), "market", unit_id).limit(HEAVIEST)
    return [(row[1], row["lines"]) for row in top.collect()]


def _sizes(own: Totals) -> None:
    rows = [
        [name, f"{units:,}", f"{before:,}", f"{pairs:,}", f"{share:.1%}"]
        for name, units, before, pairs, share in cost.by_size(own)
    ]
    printing.grid(f"items, {own.unit}s, pairs, pairs after the cap, share", rows)


def _heaviest(own: Totals, items: Items, units: list[tuple[str, int]]) -> None:
    lines = [f"{unit} ({lines:,} lines)" for unit, lines in units]
    top = own.others.argsort()[::-1][:HEAVIEST]
    each = [f"{items.texts[int(x)]} ({own.buyers[x]:,} buyers)" for x in top]
    printing.say(f"heaviest {own.unit}s: {', '.join(lines)}", f"heaviest items: {', '.join(each)}")


def _costs(looks: list[cost.Outlook]) -> None:
    rows = [
        [
            look.unit,
            f"{look.blocks:,}",
            f"{look.heads:,}",
            f"{look.shuffle_bytes / 1e6:,.0f}",
            f"{look.task_bytes / 1e6:,.0f}",
            f"{look.core_seconds:,.0f}",
        ]
        for look in looks
    ]
    printing.say("")
    printing.grid("unit, blocks, items on their own, MB to shuffle, MB a task, core-seconds", rows)


def _blocks(plan: Planned) -> None:
    for own, blocks in zip(plan.packed.totals, plan.plans, strict=True):
        work = sorted(blocks.work)
        middle = work[len(work) // 2]
        printing.say(
            f"{own.unit}: the heaviest block has {work[-1] / max(1.0, middle):.2f} times the work "
            f"of the median one."
        )
