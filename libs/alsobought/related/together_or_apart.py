"""How often customers have both items of a pair in one order, and how often by chance."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from pyspark import Broadcast
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from alsobought.compiled.array_types import Bools, Floats, Int32s, Int64s
from alsobought.copurchase.engine.kernels.item_tables import code_table, codes_of
from alsobought.related.kernels.pair_orders import (
    SCALE,
    CustomerLines,
    PairCounts,
    Pairs,
    count_pairs,
)
from alsobought.tables.outcome import Batches

ENDS = ("first", "second")
COUNTS = PairCounts._fields
COUNTED = ", ".join(f"{name} bigint" for name in (*ENDS, *COUNTS))


@dataclass(frozen=True)
class PairIndex:
    """Pairs of items, each once: item i has the hash hashes[i]; slots: `code_table` of them;
    item_of: the item that each pair starts from."""

    hashes: Int64s
    slots: Int32s
    pairs: Pairs
    item_of: Int32s


def with_orders_of_both(pairs: DataFrame, lines: DataFrame) -> DataFrame:
    """The pairs with customers_together, customers, apart, orders and orders_expected: see
    RELATED_KINDS.

    The chance is each customer's own. Had the customer's purchases of these items fallen into the
    customer's orders by chance, as full as they are, a purchase of X and one of Y would be in one
    order with probability S = (sum of d (d - 1) over the orders) / (D (D - 1)), for orders of d
    items, D in all. So a_X * a_Y * S orders are expected with both, and at most as many as have the
    rarer one. That somebody likes both, shops often or fills large orders says nothing by itself.
    Customers with one order say nothing of that, nor do guests; both count where they have a pair
    in one order, a guest's order as a customer.
    In:   pairs: market, item_id, related_item_id, both directions of a pair or one; lines: market,
          home, customer_id, order_id, item_id; those without an order are left out.
    Cost: the pairs come to the driver, 16 bytes each, and go to every worker, 8 bytes each; a task
          has 32 bytes more for each pair, and about 100 for each line of its customers. One shuffle
          of the lines by customer, 24 bytes each, and one of the pairs that customers have.
    Source: a configuration model (Saracco et al. 2015 for bipartite networks) of the orders of one
    customer, so that chance is what a reshuffling of that customer's orders gives.
    """
    ends = [F.xxhash64("market", item) for item in ("item_id", "related_item_id")]
    named = pairs.withColumns(dict(zip(ENDS, (F.least(*ends), F.greatest(*ends)), strict=True)))
    rows = named.select(*ENDS).distinct().toArrow()
    index = pair_index(*(rows[name].to_numpy() for name in ENDS))
    to_workers = pairs.sparkSession.sparkContext.broadcast(index)
    counted = counts_of_pairs(lines, to_workers)
    joined = named.join(counted, [*ENDS], "left").fillna(0, [*COUNTS])
    expected = F.col("expected") / F.lit(float(SCALE))
    return joined.withColumn("orders_expected", expected).drop(*ENDS, "expected")


def pair_index(first: Int64s, second: Int64s) -> PairIndex:
    """The index of distinct pairs of two hashes, of which the first is the smaller one."""
    hashes = np.unique(np.concatenate([first, second]))
    x, y = np.searchsorted(hashes, first), np.searchsorted(hashes, second)
    order = np.lexsort((y, x))
    starts = np.searchsorted(x[order], np.arange(len(hashes) + 1))
    pairs = Pairs(starts.astype(np.int64), y[order].astype(np.int32))
    return PairIndex(hashes, code_table(hashes), pairs, x[order].astype(np.int32))


def counts_of_pairs(lines: DataFrame, index: Broadcast[PairIndex]) -> DataFrame:
    """The counts of pairs that a customer, or a guest's order, has both items of."""
    order = F.xxhash64("market", "home", "order_id")
    customer = F.xxhash64("market", "customer_id")
    of_customers = lines.where("order_id IS NOT NULL").select(
        F.when(F.col("customer_id").isNull(), order).otherwise(customer).alias("customer_id"),
        order.alias("order_id"),
        F.xxhash64("market", "item_id").alias("item_id"),
    )

    def count(batches: Batches) -> Batches:
        yield from counts_of_lines(batches, index.value)

    by_customer = of_customers.repartition("customer_id")
    counted = by_customer.mapInArrow(count, COUNTED)
    return counted.groupBy(*ENDS).agg(*(F.sum(name).alias(name) for name in COUNTS))


def counts_of_lines(batches: Batches, index: PairIndex) -> Batches:
    """COUNTED of some customers' lines; of pairs that none of them has both of there is no row."""
    columns = [[column.to_numpy() for column in batch.columns] for batch in batches]
    if not columns:
        return
    customers, orders, items = map(np.concatenate, zip(*columns, strict=True))
    codes = codes_of(items, index.hashes, index.slots)
    is_coded = codes >= 0
    lines = lines_by_customer(customers[is_coded], orders[is_coded], codes[is_coded])
    counts = PairCounts(*(np.zeros(len(index.item_of), np.int64) for _ in COUNTS))
    count_pairs(lines, index.pairs, counts)
    some = np.flatnonzero(counts.customers | counts.customers_together)
    ends = index.item_of[some], index.pairs.related[some]
    values = [*(index.hashes[end] for end in ends), *(column[some] for column in counts)]
    yield pa.record_batch([pa.array(column) for column in values], names=[*ENDS, *COUNTS])


def lines_by_customer(customers: Int64s, orders: Int64s, items: Int32s) -> CustomerLines:
    """Lines as the loops take them; of lines with one customer, order and item one counts."""
    rows = np.lexsort((orders, items, customers))
    customers, orders, items = customers[rows], orders[rows], items[rows]
    is_new = _differs(customers) | _differs(items) | _differs(orders)
    customers, orders, items = customers[is_new], orders[is_new], items[is_new]
    starts = np.append(np.flatnonzero(_differs(customers)), len(customers)).astype(np.int64)
    return CustomerLines(starts, items, orders, _chances(customers, orders, len(starts) - 1))


def _differs(values: np.ndarray) -> Bools:
    """Which values differ from the one before; the first does."""
    differs = np.ones(len(values), bool)
    differs[1:] = values[1:] != values[:-1]
    return differs


def _chances(customers: Int64s, orders: Int64s, count: int) -> Floats:
    """Each customer's chance that two purchases are in one order; -1 for one order alone."""
    rows = np.lexsort((orders, customers))
    of_customer = np.cumsum(_differs(customers[rows])) - 1
    is_order = _differs(customers[rows]) | _differs(orders[rows])
    firsts = np.flatnonzero(is_order)
    sizes = np.diff(np.append(firsts, len(rows))).astype(np.float64)
    owner = of_customer[firsts]
    pairs = np.bincount(owner, sizes * (sizes - 1.0), count)
    lines = np.bincount(owner, sizes, count)
    chances = pairs / np.maximum(lines * (lines - 1.0), 1.0)
    return np.where(np.bincount(owner, minlength=count) > 1, chances, -1.0)
