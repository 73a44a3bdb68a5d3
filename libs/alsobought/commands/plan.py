"""The command `plan`: what counting the pairs would take, estimated before it is done."""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from alsobought.commands.options import RowOptions, command
from alsobought.commands.printing import Number, Text, grid, rows_for_programs, say
from alsobought.copurchase.counted_purchases import counted_purchases
from alsobought.copurchase.engine import pipeline
from alsobought.copurchase.engine.stages import cost
from alsobought.copurchase.engine.stages.item_codes import Items
from alsobought.copurchase.engine.stages.totals import Totals
from alsobought.days import days_before, in_window
from alsobought.returns import counting
from alsobought.runtime import home, session
from alsobought.runtime import job as jobs
from alsobought.runtime.arguments import AsOf, EnvArgument, day
from alsobought.runtime.run import Context, context
from alsobought.runtime.store import Store, warehouse_path
from alsobought.tables.purchases import ITEMS, PURCHASES, RETURNED_PURCHASES
from alsobought.tables.stored import Stored
from alsobought.tables.table import Table

EXAMPLES = (
    "alsobought plan shop --as-of 2026-02-01",
    "alsobought plan shop --as-of 2026-02-01 --json",
)
HEAVIEST = 5


@dataclass(frozen=True, kw_only=True)
class PlanOptions(RowOptions):
    """What `plan` takes."""

    env: EnvArgument
    as_of: AsOf


@command
def plan(options: PlanOptions) -> None:
    """Estimate what counting the pairs would take, before anything is counted."""
    root, as_of = home.find(), day(options.as_of)
    job = jobs.load(root, "co_purchases")
    where = context(root, options.env, as_of, [job], jobs.all_jobs(root).values())
    spark = session.build("plan", where.environment.spark, debug=options.debug)
    try:
        params = where.environment.params(job.name, job.params)
        if options.is_for_programs:
            _, plan, costs = planned(spark, where, params)
            seconds = cost.run_seconds(costs, plan.cores, plan.packed.pack_seconds)
            of_run = {"as_of": options.as_of, "run_seconds": seconds}
            rows = [of_run | asdict(estimate) for estimate in costs]
            rows_for_programs(rows, as_csv=options.as_csv)
        else:
            print_plan(spark, where, params)
    finally:
        spark.stop()


def print_plan(spark: SparkSession, where: Context, params: Any) -> None:
    """Print the plan of co_purchases: pairs, caps, blocks, cost, what is heaviest, warnings.

    `params` are the job's. Cost: the scans and the packing of the run itself, without its counting.
    """
    purchases, plan, costs = planned(spark, where, params)
    packed = plan.packed
    first = days_before(where.as_of, params.baskets.look_back_days)
    say(f"co_purchases of {where.name}, purchases from {first} to {where.as_of}")
    window = in_window(purchases, where.as_of, params.baskets.look_back_days)
    caps = [unit.max_items for unit in packed.layout.units]
    for totals, estimate, cap in zip(packed.totals, costs, caps, strict=True):
        say("", cost.pairs_in_words(estimate, cap))
        _print_sizes(totals)
        _print_heaviest(totals, packed.items, heaviest_units(window, totals.unit))
    _print_costs(costs)
    say(*packed.notes)
    say(cost.cost_in_words(costs, plan.cores, packed.pack_seconds) + ".")
    warnings = map(cost.warnings_of, packed.totals, caps)
    say(*(f"warning: {warning}" for of_unit in warnings for warning in of_unit))
    _print_balance(plan)


def planned(
    spark: SparkSession, where: Context, params: Any
) -> tuple[DataFrame, pipeline.Plan, list[cost.CostEstimate]]:
    """The purchases that count, the plan of counting their pairs, and what it costs by unit."""
    store = Store(spark, warehouse_path(where.home, where.environment.warehouse))
    wants_returned = where.environment.wants(RETURNED_PURCHASES)
    returned = _stored(store, RETURNED_PURCHASES, where.as_of) if wants_returned else None
    purchases = _stored(store, PURCHASES, where.as_of)
    has_attributes = bool(params.exclude.attributes)
    catalogue = store.read(ITEMS, where.as_of).rows if has_attributes else None
    packed = counted_purchases(purchases, returned, catalogue, params, where.as_of)
    plan = pipeline.plan_blocks(packed, params.lists.min_support, params.task_memory_mb << 20)
    costs = pipeline.estimate_costs(plan, params.candidates * len(params.lists.metrics))
    counted = counting(purchases.rows, returned.rows if returned else None, where.as_of)
    return counted, plan, costs


def _stored(store: Store, table: Table, as_of: date) -> Stored:
    read = store.read(table, as_of)
    return Stored(read.rows, store.files(table, as_of, read.version))


def heaviest_units(window: DataFrame, unit: str) -> list[tuple[str, int]]:
    """The units with the most purchase lines, repeats included, and how many. Cost: one scan."""
    unit_id = F.col(f"{unit}_id")
    of_units = window.where(unit_id.isNotNull()).groupBy("market", unit_id)
    line_counts = of_units.agg(F.count(F.lit(1)).alias("lines"))
    top = line_counts.orderBy(F.desc("lines"), "market", unit_id).limit(HEAVIEST)
    return [(row[1], row["lines"]) for row in top.collect()]


def _print_sizes(totals: Totals) -> None:
    rows = [
        [name, f"{units:,}", f"{before:,}", f"{pairs:,}", f"{share:.1%}"]
        for name, units, before, pairs, share in cost.pairs_by_size(totals)
    ]
    names = ("items", f"{totals.unit}s", "pairs", "pairs after the cap", "share")
    grid([*map(Number, names)], rows)


def _print_heaviest(totals: Totals, items: Items, units: list[tuple[str, int]]) -> None:
    top = totals.others.argsort()[::-1][:HEAVIEST]
    heavy_units = [f"{unit} ({lines:,} lines)" for unit, lines in units]
    heavy_items = [f"{items.texts[int(x)]} ({totals.buyers[x]:,} buyers)" for x in top]
    say(
        f"heaviest {totals.unit}s: {', '.join(heavy_units)}",
        f"heaviest items: {', '.join(heavy_items)}",
    )


def _print_costs(costs: list[cost.CostEstimate]) -> None:
    rows = [
        [
            estimate.unit,
            f"{estimate.blocks:,}",
            f"{estimate.heads:,}",
            f"{estimate.shuffle_bytes / 1e6:,.0f}",
            f"{estimate.task_bytes / 1e6:,.0f}",
            f"{estimate.core_seconds:,.0f}",
        ]
        for estimate in costs
    ]
    numbers = ("blocks", "items on their own", "MB to shuffle", "MB a task", "core-seconds")
    say("")
    grid([Text("unit"), *map(Number, numbers)], rows)


def _print_balance(planned: pipeline.Plan) -> None:
    for totals, blocks in zip(planned.packed.totals, planned.of_units, strict=True):
        work = sorted(blocks.work)
        median = work[len(work) // 2]
        say(
            f"{totals.unit}: the heaviest block has {work[-1] / max(1.0, median):.2f} times the "
            f"work of the median one."
        )
