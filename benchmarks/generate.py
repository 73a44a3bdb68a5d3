"""Purchase logs as Delta tables in the contract of `purchases`, the same ones for the same seed.

Customers have log-normal basket sizes. Half of the purchases follow the popularity of all items
(rank^-0.9), half come from the customer's own cluster of items.

    python -m benchmarks.generate s2m s10m
"""

import argparse
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import write_deltalake

from alsobought.tables.purchases import PURCHASES
from benchmarks import journey
from benchmarks.data_sets import ALL, AS_OF, DATA, LOOK_BACK_DAYS, DataSet

SEED = 1
SIGMA = 0.93  # of the logarithm of a customer's purchases
MOST = 5_000  # purchases of one customer
ITEMS_PER_CLUSTER = 200
POPULARITY = 0.9
LINES_PER_ORDER = 6
CUSTOMERS_PER_CHUNK = 100_000
SCHEMA = pa.schema(
    [
        pa.field("customer_id", pa.string(), nullable=False),
        pa.field("order_id", pa.string(), nullable=False),
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("line", pa.string(), nullable=False),
        pa.field("purchased_at", pa.timestamp("us", "UTC"), nullable=False),
        pa.field("quantity", pa.float64(), nullable=False),
        pa.field("price", pa.float64()),
        pa.field("market", pa.string(), nullable=False),
    ]
)


@dataclass
class Sizes:
    """What was generated: lines, distinct rows of customer and item, unordered pairs."""

    customers: int = 0
    items: int = 0
    purchases: int = 0
    distinct: int = 0
    pairs: int = 0
    largest: int = 0
    seen: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))

    def add(self, customers: np.ndarray, items: np.ndarray, all_items: int) -> None:
        """Count one chunk's lines; a customer lies in one chunk."""
        first = int(customers[0])
        keys = np.unique((customers - first).astype(np.int64) * all_items + items)
        basket_sizes = np.bincount(keys // all_items)
        self.purchases += len(customers)
        self.distinct += len(keys)
        self.customers += int(np.count_nonzero(basket_sizes))
        self.pairs += int((basket_sizes * (basket_sizes - 1) // 2).sum())
        self.largest = max(self.largest, int(basket_sizes.max()))
        self.seen = self.seen if len(self.seen) else np.zeros(all_items, bool)
        self.seen[items] = True
        self.items = int(np.count_nonzero(self.seen))

    def as_dict(self) -> dict[str, int]:
        """The sums by name."""
        names = ("customers", "items", "purchases", "distinct", "pairs", "largest")
        return {name: getattr(self, name) for name in names}


class Shop:
    """What all chunks share: the popularity of the items and the order of their ids."""

    def __init__(self, data: DataSet) -> None:
        self.data = data
        weights = np.arange(1, data.items + 1) ** -POPULARITY
        self.popularity = np.cumsum(weights) / weights.sum()
        # ids say nothing about popularity
        self.id_of_rank = np.random.default_rng([SEED, data.items]).permutation(data.items)
        self.item_ids = padded("i", np.arange(data.items), 5)
        self.markets = np.cumsum(1 / np.arange(1, data.markets + 1))

    def lines(self, rng: np.random.Generator, first: int, last: int) -> tuple[np.ndarray, ...]:
        """Customer and item of each line of the customers [first, last), by customer."""
        mean = self.data.purchases / self.data.customers
        drawn = rng.lognormal(np.log(mean) - SIGMA**2 / 2, SIGMA, last - first)
        count = np.clip(np.rint(drawn), 1, MOST).astype(np.int64)
        customers = np.repeat(np.arange(first, last), count)
        ranks = np.where(
            rng.random(len(customers)) < 0.5,
            np.searchsorted(self.popularity, rng.random(len(customers))),
            self._of_customers_cluster(rng, count),
        )
        return self._with_extremes(rng, customers, ranks, first, last)

    def _of_customers_cluster(self, rng: np.random.Generator, count: np.ndarray) -> np.ndarray:
        """Ranks of items of the customers' clusters, which hold popular and rare items alike."""
        clusters = max(1, self.data.items // ITEMS_PER_CLUSTER)
        cluster = np.repeat(rng.integers(0, clusters, len(count)), count)
        size = min(ITEMS_PER_CLUSTER, self.data.items // clusters)
        return cluster + clusters * rng.integers(0, size, len(cluster))

    def _with_extremes(
        self,
        rng: np.random.Generator,
        customers: np.ndarray,
        ranks: np.ndarray,
        first: int,
        last: int,
    ) -> tuple[np.ndarray, ...]:
        """The lines, with those of the item that many bought and of the one that buys it all.

        The item is else the least popular one, so that `star_share` is what it is bought by.
        """
        everyone = np.arange(first, last)
        star = everyone[rng.random(len(everyone)) < self.data.star_share]
        hoard = self.data.hoard if first == 0 else 0
        customers = np.concatenate([customers, star, np.zeros(hoard, np.int64)])
        ranks = np.concatenate([ranks, np.full(len(star), self.data.items - 1), np.arange(hoard)])
        order = np.argsort(customers, kind="stable")
        return customers[order], self.id_of_rank[ranks[order]]

    def market_of(self, rng: np.random.Generator, customers: int) -> np.ndarray:
        """Each customer's market; market k has 1/k of the customers of the largest."""
        return np.searchsorted(self.markets / self.markets[-1], rng.random(customers))


def padded(letter: str, numbers: np.ndarray, width: int) -> pa.Array:
    """Ids as text: a letter and the number with leading zeros."""
    digits = pc.utf8_lpad(pc.cast(pa.array(numbers), pa.string()), width, "0")
    return pc.binary_join_element_wise(letter, digits, "")


def orders_of(rng: np.random.Generator, customers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each line's order, numbered from 0, and its place in it: orders of 1 to 6 lines."""
    starts = np.zeros(len(customers), bool)
    ends = np.cumsum(rng.integers(1, LINES_PER_ORDER + 1, len(customers)))
    starts[ends[ends < len(customers)]] = True
    starts[np.flatnonzero(np.diff(customers, prepend=-1))] = True
    order = np.cumsum(starts) - 1
    return order, np.arange(len(customers)) - np.flatnonzero(starts)[order]


def chunks(data: DataSet, sizes: Sizes) -> Iterator[pa.RecordBatch]:
    """The purchases, some customers at a time, each chunk with a seed of its own."""
    shop, orders_before = Shop(data), 0
    for first in range(0, data.customers, CUSTOMERS_PER_CHUNK):
        last = min(first + CUSTOMERS_PER_CHUNK, data.customers)
        rng = np.random.default_rng([SEED, data.customers, data.items, first])
        customers, items = shop.lines(rng, first, last)
        markets = shop.market_of(rng, last - first)[customers - first]
        order, place = orders_of(rng, customers)
        sizes.add(customers, items, data.items)
        orders = int(order[-1]) + 1
        columns = [
            padded("c", np.arange(first, last), 7).take(pa.array(customers - first)),
            padded("o", np.arange(orders_before, orders_before + orders), 8).take(pa.array(order)),
            shop.item_ids.take(pa.array(items)),
            pc.cast(pa.array(place + 1), pa.string()),
            moments(rng, orders).take(pa.array(order)),
            pa.array(np.ones(len(items))),
            pa.array(np.round(rng.gamma(2.0, 8.0, len(items)) + 0.01, 2)),
            market_names(data).take(pa.array(markets)),
        ]
        orders_before += orders
        yield pa.record_batch(columns, schema=SCHEMA)


def moments(rng: np.random.Generator, count: int) -> pa.Array:
    """Moments of the days that a run on AS_OF looks back on."""
    last = datetime(AS_OF.year, AS_OF.month, AS_OF.day, tzinfo=UTC)
    first = int((last - timedelta(days=LOOK_BACK_DAYS)).timestamp())
    seconds = first + rng.integers(0, LOOK_BACK_DAYS * 86_400, count)
    return pa.array(seconds * 1_000_000, pa.timestamp("us", "UTC"))


def market_names(data: DataSet) -> pa.Array:
    """'all' where there is one market, else m0000, m0001 and so on."""
    return pa.array(["all"]) if data.markets == 1 else padded("m", np.arange(data.markets), 4)


def generate(data: DataSet, folder: Path) -> dict[str, int]:
    """Write the Delta table and sizes.json into the folder; what is there already is replaced."""
    part = folder.with_name(f"{folder.name}.part")
    for old in (part, folder):
        shutil.rmtree(old, ignore_errors=True)
    table = part / "purchases"
    table.mkdir(parents=True)
    if data.is_real:
        batch, counts = journey.purchases(SCHEMA)
        write_deltalake(table, pa.table(batch), name=PURCHASES.name)
    else:
        sizes = Sizes()
        rows = pa.RecordBatchReader.from_batches(SCHEMA, chunks(data, sizes))
        write_deltalake(table, rows, name=PURCHASES.name, description=PURCHASES.meaning)
        counts = sizes.as_dict()
    (part / "sizes.json").write_text(json.dumps(counts, indent=1) + "\n")
    part.rename(folder)
    return counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "data_sets", nargs="+", choices=ALL, metavar="data_set", help=", ".join(ALL)
    )
    parser.add_argument("--data", type=Path, default=DATA, help="the folder to write into")
    given = parser.parse_args()
    for name in given.data_sets:
        counts = generate(ALL[name], ALL[name].folder(given.data))
        print(name, ", ".join(f"{key} {value:,}" for key, value in counts.items()))


if __name__ == "__main__":
    main()
