"""The pairs that a prior is fitted to: all of some items, counted before those of all items are."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from alsobought.compiled.array_types import Bools, Int64s
from alsobought.copurchase.cell_bins import bins_of, summed
from alsobought.copurchase.engine.envelopes import (
    CELLS,
    COPIES,
    COUNTED_CELLS,
    CellCounts,
    key_of,
    rows_of,
)
from alsobought.copurchase.engine.kernels.named_arrays import Selection
from alsobought.copurchase.engine.stages.count import UnitFacts, count_block, task_of
from alsobought.copurchase.engine.stages.item_codes import Items
from alsobought.copurchase.engine.stages.plan import NO_BLOCK, BlockPlan
from alsobought.copurchase.engine.stages.replicate import Tasks
from alsobought.copurchase.engine.stages.totals import Totals
from alsobought.tables.outcome import Batches

SHARE = 0.02  # of the work of counting all pairs
LEAST_WORK = 2_000_000  # units with both items, of all pairs: counted in a fifth of a second
LEAST_ITEMS = 100
MIXER = np.uint64(0x9E3779B97F4A7C15)  # who knows the hashes' high bits should not know the sample


def sampled(plan: BlockPlan, totals: Totals, items: Items) -> BlockPlan:
    """The plan for some of its items, chosen by the hash of their ids: the same on any run.

    Heads are left out, for they are counted elsewhere. An item is chosen with a probability of
    SHARE, or of as much as LEAST_WORK and LEAST_ITEMS need; all are where there is less than that.
    """
    leads = plan.block_of >= 0
    work, count = int(totals.others[leads].sum()), int(leads.sum())
    share = max(SHARE, LEAST_WORK / max(work, 1), LEAST_ITEMS / max(count, 1))
    is_left_out = leads & ~_is_sampled(items.hashes, share)
    block_of = np.where(is_left_out, NO_BLOCK, plan.block_of).astype(np.int32)
    return replace(plan, block_of=block_of, heads=np.empty(0, np.int32))


def _is_sampled(hashes: Int64s, share: float) -> Bools:
    """Which hashes are in a sample of this share of all."""
    mixed = hashes.view(np.uint64) * MIXER >> np.uint64(11)
    is_sampled: Bools = mixed.astype(np.float64) * 2.0**-53 < share
    return is_sampled


def collect_cells(
    replicated: DataFrame, facts: Sequence[UnitFacts], items: Items, tasks: Tasks, support: int
) -> dict[tuple[int, int], CellCounts]:
    """How many pairs with N >= support each bin has, by the positions of unit and relation.

    In:   REPLICATED rows of `sampled` plans.
    Cost: as `count_pairs` for those items; the bins that have pairs come to the driver.
    """
    context = replicated.sparkSession.sparkContext
    facts_sent, items_sent = context.broadcast(facts), context.broadcast(items.without_hashes())

    def count(batches: Batches) -> Batches:
        task, of_task = task_of(batches)
        if task is None:
            return
        items, unit = items_sent.value, tasks.unit_of(task)
        of_unit = facts_sent.value[unit]
        everything = Selection(support, len(items), np.empty(0, np.int64))
        copies, block = COPIES.read_all(of_task), task - of_unit.first_block
        parts: dict[int, list[CellCounts]] = {}
        for relation, rows in count_block(copies, block, of_unit, items, everything):
            bins = bins_of(items.markets[rows.items], rows.both, rows.expected)
            parts.setdefault(of_unit.unit.relations.index(relation), []).append(bins)
        for number, of_relation in parts.items():
            yield COUNTED_CELLS.row(CELLS, summed(of_relation), unit=unit, relation=number)

    shuffled = replicated.repartitionById(tasks.count, F.col("task"))
    cells: dict[tuple[int, int], list[CellCounts]] = {}
    for row in rows_of(shuffled.mapInArrow(count, COUNTED_CELLS.ddl).toArrow().to_batches()):
        cells.setdefault((key_of(row, "unit"), key_of(row, "relation")), []).append(CELLS.read(row))
    return {key: summed(of_relation) for key, of_relation in cells.items()}
