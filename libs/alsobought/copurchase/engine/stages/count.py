"""Counting tasks: blocks of baskets in, each item's best candidates out, ids as text again."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from alsobought.compiled.array_types import Floats, Int32s, Int64s
from alsobought.copurchase.engine.envelopes import (
    COPIES,
    HEADS,
    Row,
    key_of,
    rows_of,
)
from alsobought.copurchase.engine.kernels import best_candidates, pairs
from alsobought.copurchase.engine.kernels.named_arrays import (
    Activities,
    BlockBaskets,
    Candidates,
    CopiedBaskets,
    Holdings,
    ItemFacts,
    Lags,
    OtherCounts,
    PairRows,
    Selection,
    Tally,
)
from alsobought.copurchase.engine.kernels.posterior_scores import posteriors_of
from alsobought.copurchase.engine.layout import CountedUnit
from alsobought.copurchase.engine.stages.item_codes import Items
from alsobought.copurchase.engine.stages.plan import BlockPlan
from alsobought.copurchase.engine.stages.replicate import Tasks
from alsobought.copurchase.engine.stages.totals import Totals
from alsobought.copurchase.engine.sums import sum_by_key
from alsobought.copurchase.relations import Relation
from alsobought.copurchase.settings import Lists
from alsobought.tables.copurchase import CO_PURCHASES
from alsobought.tables.outcome import Batches, WorkerRows

ROWS_PER_BATCH = 1 << 18
PRIOR_TYPE = pa.list_(pa.float64())
Kept = tuple[Relation, PairRows]


@dataclass(frozen=True)
class UnitFacts:
    """What every counting task knows of one unit.

    shares: P of every item, its share of the purchases; first_shares: of the first purchases of
    units, for relations with times; units_of: all units of the item's market; activities: empty
    where the expectation is of shares; priors: of each market, by the name of the relation, where
    scores of the posterior are asked for.
    """

    unit: CountedUnit
    plan: BlockPlan
    first_block: int
    buyers: Int64s
    shares: Floats
    first_shares: Floats
    units_of: Int64s
    activities: Activities
    priors: Mapping[str, Floats] = field(default_factory=dict)

    def of_items(self, relation: Relation, ties: Int32s) -> ItemFacts:
        """What scoring knows of each item under a relation."""
        shares = self.first_shares if relation.is_directed else self.shares
        return ItemFacts(self.buyers, shares, ties, self.units_of)

    def selecting(self, selection: Selection, relation: Relation, markets: Int32s) -> Selection:
        """The selection with the priors of a relation, and each item's market."""
        if relation.name not in self.priors:
            return selection
        posteriors = posteriors_of(self.priors[relation.name])
        return selection._replace(prior_of=markets, posteriors=posteriors)

    def priors_of(self, relation: Relation, markets: Int32s) -> pa.Array:
        """The prior of items of some markets as `co_purchases` has it; null where there is none."""
        if relation.name not in self.priors:
            return pa.nulls(len(markets), PRIOR_TYPE)
        rows = self.priors[relation.name][markets]
        offsets = np.arange(0, rows.size + 1, rows.shape[1], dtype=np.int32)
        return pa.ListArray.from_arrays(pa.array(offsets), pa.array(rows.ravel()))


def facts_of(
    unit: CountedUnit, totals: Totals, plan: BlockPlan, first_block: int, items: Items
) -> UnitFacts:
    """What the counting tasks know of a unit; `first_block` is the task of its first block."""
    purchases = np.maximum(totals.markets.purchases, 1)[items.markets]
    holdings = np.maximum(totals.markets.holdings, 1)[items.markets]
    shares, first_shares = totals.purchases / purchases, totals.buyers / holdings
    empty = np.empty(0)
    activities = Activities(empty, empty, np.empty(0, np.int64), np.empty(0, np.int32))
    if unit.is_matched:
        shares, activities = totals.matched
        first_shares = shares
    units_of = totals.markets.units[items.markets]
    return UnitFacts(
        unit, plan, first_block, totals.buyers, shares, first_shares, units_of, activities
    )


def selection_of(lists: Lists, per_item: int) -> Selection:
    """What lists keep: the best `per_item` of every item under each metric."""
    metrics = [best_candidates.NAMES.index(metric) for metric in lists.metrics]
    return Selection(lists.min_support, per_item, np.array(metrics))


def count_pairs(
    replicated: DataFrame,
    facts: Sequence[UnitFacts],
    items: Items,
    tasks: Tasks,
    selection: Selection,
) -> WorkerRows:
    """The rows of `co_purchases`: per item the union of its best under every metric.

    In:   REPLICATED rows, shuffled here to their tasks.
    Out:  an item's rows under a relation are made by one task, one after the other, in batches of
          about ROWS_PER_BATCH.
    Cost: 4 bytes (8 with times) an item of a copied basket are shuffled; a task's memory is what
          the plan gave it; its time is the ordered pairs of its items.
    """
    context = replicated.sparkSession.sparkContext
    facts_sent, items_sent = context.broadcast(facts), context.broadcast(items.without_hashes())

    def count(batches: Batches) -> Batches:
        task, of_task = task_of(batches)
        if task is None:
            return
        items, of_unit = items_sent.value, facts_sent.value[tasks.unit_of(task)]
        block = task - of_unit.first_block
        kept = (
            count_block(COPIES.read_all(of_task), block, of_unit, items, selection)
            if block < of_unit.plan.blocks
            else _add_up_heads(list(rows_of(of_task)), of_unit, items, selection)
        )
        for relation, pair_rows in kept:
            yield _as_table(of_unit, relation, pair_rows, items)

    shuffled = replicated.repartitionById(tasks.count, F.col("task"))
    return WorkerRows(shuffled, count, CO_PURCHASES.ddl)


def task_of(batches: Batches) -> tuple[int | None, Batches]:
    """The task whose rows these are, and the rows; None: there are none."""
    first = list(islice(batches, 1))
    task = key_of((first[0], 0), "task") if first else None
    return task, _with_first(first, batches)


def _with_first(first: list[pa.RecordBatch], batches: Batches) -> Batches:
    """The first batch, which is taken from its list so that it can be freed, and all others."""
    if first:
        yield first.pop()
    yield from batches


def count_block(
    copies: CopiedBaskets, block: int, facts: UnitFacts, items: Items, selection: Selection
) -> Iterator[Kept]:
    """The pairs of a block's items that the selection keeps, under each relation; without metrics
    at most `selection.best` of an item, which must be enough for all."""
    ties = items.ties
    totals, lengths, *of_items = copies
    bounds = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=bounds[1:])
    baskets = BlockBaskets(totals, bounds, *of_items)
    holdings = pairs.find_holdings(baskets, facts.plan.block_of, block)
    tally = Tally(np.zeros(len(ties), np.int32), np.ones(1, np.int64), np.empty_like(ties))
    rows_per_item = selection.best * max(1, len(selection.metrics))
    items_per_batch = max(1, ROWS_PER_BATCH // rows_per_item)
    out = _room_for(items_per_batch * rows_per_item)
    for relation in facts.unit.relations:
        lags, item_facts = Lags(relation.low, relation.high), facts.of_items(relation, ties)
        selection = facts.selecting(selection, relation, items.markets)
        for some in _in_steps(holdings, items_per_batch):
            written = pairs.write_best_of_block(
                some, baskets, lags, item_facts, facts.activities, selection, tally, out
            )
            if written:
                yield relation, _written(out, written)


def _in_steps(holdings: Holdings, step: int) -> Iterator[Holdings]:
    """The holdings of `step` items at a time."""
    for first in range(0, len(holdings.items), step):
        last = min(first + step, len(holdings.items))
        items, starts = holdings.items[first:last], holdings.starts[first : last + 1]
        yield holdings._replace(items=items, starts=starts)


def _add_up_heads(
    rows: list[Row], facts: UnitFacts, items: Items, selection: Selection
) -> Iterator[Kept]:
    ties = items.ties
    rows_of_head: dict[tuple[int, int], list[Row]] = {}
    for row in rows:
        rows_of_head.setdefault((key_of(row, "head"), key_of(row, "relation")), []).append(row)
    out = _room_for(selection.best * len(selection.metrics))
    for (head, r), rows_of_relation in sorted(rows_of_head.items()):
        relation, x = facts.unit.relations[r], int(facts.plan.heads[head])
        codes, both, others, buyers = HEADS.read_joined(rows_of_relation)
        both_of_all = np.zeros(len(ties), np.int64)
        np.add.at(both_of_all, codes, both)
        met = np.flatnonzero(both_of_all)
        candidates = Candidates(met.astype(np.int32), both_of_all[met])
        of_items = facts.of_items(relation, ties)
        selection = facts.selecting(selection, relation, items.markets)
        counted = OtherCounts(*sum_by_key(others, buyers))
        histogram = pairs.histogram_of(x, counted, of_items, facts.activities)
        written = best_candidates.write_best(x, candidates, histogram, of_items, selection, out, 0)
        if written:
            yield relation, _written(out, written)


def _room_for(rows: int) -> PairRows:
    return PairRows(
        np.empty(rows, np.int32),
        np.empty(rows, np.int32),
        np.empty(rows, np.int64),
        np.empty(rows, np.float64),
    )


def _written(out: PairRows, rows: int) -> PairRows:
    """The rows that were written, copied: Arrow would look into `out`, which is written again."""
    return PairRows._make(column[:rows].copy() for column in out)


def _as_table(
    facts: UnitFacts, relation: Relation, pair_rows: PairRows, items: Items
) -> pa.RecordBatch:
    """Rows of `co_purchases`."""
    x, y, both, expected = pair_rows
    columns = {
        "unit": pa.repeat(pa.scalar(facts.unit.name), len(x)),
        "market": items.market_names.take(pa.array(items.markets[x])),
        "relation": pa.repeat(pa.scalar(relation.name), len(x)),
        "item_id": items.ids_of(x),
        "related_item_id": items.ids_of(y),
        "both": pa.array(both),
        "expected": pa.array(expected),
        "buyers": pa.array(facts.buyers[x]),
        "related_buyers": pa.array(facts.buyers[y]),
        "units": pa.array(facts.units_of[x]),
        "prior": facts.priors_of(relation, items.markets[x]),
    }
    return pa.record_batch([columns[name] for name in CO_PURCHASES.names], names=CO_PURCHASES.names)
