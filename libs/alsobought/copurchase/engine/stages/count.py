"""Counting tasks: blocks of baskets in, each item's best candidates out, ids as text again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from alsobought.copurchase.engine.kernels import evidence, pairs
from alsobought.copurchase.engine.stages.item_codes import Items
from alsobought.copurchase.engine.stages.plan import Blocks, Relation
from alsobought.copurchase.engine.stages.replicate import Tasks
from alsobought.copurchase.engine.stages.totals import Totals
from alsobought.copurchase.settings import Lists
from alsobought.tables.copurchase import CO_PURCHASES

ROWS_PER_BATCH = 1 << 18
OUT = CO_PURCHASES.stored.fields[1:]  # without as_of


@dataclass(frozen=True)
class Sent:
    """What every counting task knows of one unit."""

    unit: str
    block_of: np.ndarray
    heads: np.ndarray
    buyers: np.ndarray
    shares: np.ndarray
    first_shares: np.ndarray
    units_of: np.ndarray
    relations: tuple[Relation, ...]
    block_base: int
    blocks: int

    def shares_of(self, relation: Relation) -> np.ndarray:
        """P of every item: its share of the purchases, or of the first purchases for `after`."""
        return self.first_shares if relation.is_directed else self.shares


@dataclass(frozen=True)
class Keep:
    """What a list keeps: the metrics by number, pairs per metric, the least support."""

    metrics: np.ndarray
    best: int
    support: int


def counted(
    split: DataFrame,
    items: Items,
    totals: Sequence[Totals],
    plans: Sequence[Blocks],
    relations: Sequence[Sequence[Relation]],
    tasks: Tasks,
    lists: Lists,
    per_item: int,
) -> DataFrame:  # fmt: skip
    """The rows of `co_purchases`: per item the union of the best `per_item` under every metric.

    In:   SPLIT rows, shuffled here to their tasks.
    Cost: 4 bytes (8 with times) an item of a copied basket are shuffled; a task's memory is what
          the plan gave it; its time is the ordered pairs of its items.
    """
    context = split.sparkSession.sparkContext
    known = [
        _sent(own, plan, tuple(rel), base, items)
        for own, plan, rel, base in zip(totals, plans, relations, tasks.block_bases, strict=True)
    ]
    sent = context.broadcast(known)
    texts = context.broadcast((items.texts, items.markets, items.market_names, items.ties))
    keep = Keep(
        np.array([evidence.NAMES.index(m) for m in lists.metrics]), per_item, lists.min_support
    )

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        rows = [(b, i) for b in batches for i in range(b.num_rows)]
        if not rows:
            return
        task = rows[0][0]["task"][rows[0][1]].as_py()
        known = sent.value[tasks.unit_of(task)]
        ties = texts.value[3]
        of_block = task < known.block_base + known.blocks
        found = (
            _block(rows, task - known.block_base, known, ties, keep)
            if of_block
            else _heads(rows, known, ties, keep)
        )
        for relation, x, y, both, expected in found:
            yield _rows(known, relation, x, y, both, expected, texts.value)

    shuffled = split.repartitionById(tasks.count, F.col("task"))
    schema = ", ".join(f"{f.name} {f.dataType.simpleString()}" for f in OUT)
    return shuffled.mapInArrow(run, schema)


def _sent(
    own: Totals, plan: Blocks, relations: tuple[Relation, ...], base: int, items: Items
) -> Sent:
    shares = own.purchases / np.maximum(own.market_purchases, 1)[items.markets]
    first_shares = own.buyers / np.maximum(own.holdings, 1)[items.markets]
    units_of = own.units[items.markets]
    return Sent(
        own.unit,
        plan.block_of,
        plan.heads,
        own.buyers,
        shares,
        first_shares,
        units_of,
        relations,
        base,
        plan.blocks,
    )


Out = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
Found = tuple[str, np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def _column(rows: list[tuple[pa.RecordBatch, int]], name: str, kind: type) -> np.ndarray:
    return np.concatenate([np.frombuffer(b[name][i].as_buffer(), kind) for b, i in rows])


def _block(
    rows: list[tuple[pa.RecordBatch, int]], block: int, known: Sent, ties: np.ndarray, keep: Keep
) -> Iterator[Found]:
    totals, lengths, codes, times, lines = (_column(rows, name, np.int32) for name in "abcde")
    times = times if len(times) else np.zeros(len(codes), np.int32)
    lines = lines if len(lines) else np.ones(len(codes), np.int32)
    rows.clear()
    bounds = np.concatenate(([0], np.cumsum(lengths, dtype=np.int64)))
    items, starts, positions, baskets = pairs.by_item(lengths, codes, known.block_of, block)
    tally, base = np.zeros(len(ties), np.int32), 1
    rows_per_item = keep.best * len(keep.metrics)
    step = max(1, ROWS_PER_BATCH // rows_per_item)
    out = _room(step * rows_per_item)
    for relation in known.relations:
        for first in range(0, len(items), step):
            written, base = pairs.count_block(
                first, min(first + step, len(items)), items, starts, positions, baskets, bounds,
                codes, times, lines, totals, relation.low, relation.high, known.buyers,
                known.shares_of(relation), ties, known.units_of, keep.support, keep.metrics,
                keep.best, tally, base, out,
            )  # fmt: skip
            if written:
                yield _found(relation, out, written)


def _heads(
    rows: list[tuple[pa.RecordBatch, int]], known: Sent, ties: np.ndarray, keep: Keep
) -> Iterator[Found]:
    kinds = sorted({b["kind"][i].as_py() for b, i in rows})
    out = _room(keep.best * len(keep.metrics))
    for kind in kinds:
        mine = [(b, i) for b, i in rows if b["kind"][i].as_py() == kind]
        head, relation = divmod(kind, len(known.relations))
        both = np.zeros(len(ties), np.int64)
        np.add.at(both, _column(mine, "a", np.int32), _column(mine, "b", np.int64))
        found = np.flatnonzero(both).astype(np.int32)
        others, at = np.unique(_column(mine, "c", np.int64), return_inverse=True)
        counts = np.zeros(len(others), np.int64)
        np.add.at(counts, at, _column(mine, "d", np.int64))
        x = int(known.heads[head])
        written = pairs.keep_best(
            x, found, both[found], others, counts, known.buyers,
            known.shares_of(known.relations[relation]), ties,
            known.units_of[x], keep.support, keep.metrics, keep.best, out, 0,
        )  # fmt: skip
        if written:
            yield _found(known.relations[relation], out, written)


def _found(relation: Relation, out: Out, rows: int) -> Found:
    x, y, both, expected = out
    # copies: Arrow would look into `out` itself, which the next items are written to
    return relation.name, x[:rows], y[:rows], both[:rows].copy(), expected[:rows].copy()


def _room(rows: int) -> Out:
    return (
        np.empty(rows, np.int32),
        np.empty(rows, np.int32),
        np.empty(rows, np.int64),
        np.empty(rows),
    )


def _rows(
    known: Sent,
    relation: str,
    x: np.ndarray,
    y: np.ndarray,
    both: np.ndarray,
    expected: np.ndarray,
    texts: tuple[pa.Array, np.ndarray, pa.Array, np.ndarray],
) -> pa.RecordBatch:
    ids, markets, names, _ = texts
    columns = [
        pa.repeat(pa.scalar(known.unit), len(x)),
        names.take(pa.array(markets[x])),
        pa.repeat(pa.scalar(relation), len(x)),
        ids.take(pa.array(x)),
        ids.take(pa.array(y)),
        pa.array(both),
        pa.array(expected),
        pa.array(known.buyers[x]),
        pa.array(known.buyers[y]),
        pa.array(known.units_of[x]),
    ]
    return pa.record_batch(columns, names=[field.name for field in OUT])
