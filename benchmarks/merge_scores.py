"""Customers' lists of every unit and score that `related_items` has, as a table to be judged.

    python -m benchmarks.merge_scores WAREHOUSE 2017-09-29 2017-10-13 ...

Writes the table `merged_scores` beside the others: name it in `others` of [jobs.evaluations]. Each
list of related items is merged as the job `recommendations` does without trials and tastes: `sum`,
and `calibrated` with the demo's shrinkage and weight; new items alone, without bestsellers that
fill lists up. Counted with SciPy: some seconds a score and day.
"""

from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, write_deltalake
from scipy import sparse

from alsobought.recommend.formulas import log_lifts

TRIGGERS, HALF_LIFE, SHRINKAGE, LIFT_WEIGHT, PLACES = 100, 365.0, 20.0, 8.0, 10


class Day(NamedTuple):
    """What is known on a day: items' ids in the order of their text; customers by items, what each
    owns, and the weight of what was bought last; ln(1 - P) of each item."""

    as_of: date
    items: pd.Index
    customers: pd.Index
    owned: sparse.csr_matrix
    weights: sparse.csr_matrix
    log_misses: np.ndarray


def day_of(lines: pd.DataFrame, as_of: date) -> Day:
    """The day, of the year before it."""
    end = pd.Timestamp(as_of, tz=UTC)
    past = lines[
        (lines["purchased_at"] < end) & (lines["purchased_at"] >= end - pd.Timedelta(365, "D"))
    ]
    last = past.groupby(["customer_id", "item_id"], as_index=False)["purchased_at"].max()
    items = pd.Index(sorted(last["item_id"].unique()))
    customers = pd.Index(sorted(last["customer_id"].unique()))
    last["row"], last["code"] = (
        customers.get_indexer(last["customer_id"]),
        items.get_indexer(last["item_id"]),
    )
    last = last.sort_values(["row", "purchased_at", "code"], ascending=[True, False, True])
    newest = last[last.groupby("row").cumcount() < TRIGGERS]
    ages = (end - newest["purchased_at"]) / pd.Timedelta(1, "D")
    shape = len(customers), len(items)

    def matrix(rows: pd.DataFrame, values: np.ndarray) -> sparse.csr_matrix:
        return sparse.csr_matrix((values, (rows["row"], rows["code"])), shape)

    buyers = np.bincount(last["code"], minlength=len(items))
    return Day(
        as_of,
        items,
        customers,
        matrix(last, np.ones(len(last), np.float32)),
        matrix(newest, 0.5 ** (ages.to_numpy() / HALF_LIFE)),
        np.log1p(-buyers / buyers.sum()),
    )


def merged(day: Day, related: pd.DataFrame) -> Iterator[tuple[str, sparse.csr_matrix]]:
    """The scores of customers by items, by `sum` and by `calibrated`, of one unit's lists by a
    score."""
    x = day.items.get_indexer(related["item_id"])
    y = day.items.get_indexer(related["related_item_id"])
    size = (len(day.items), len(day.items))

    def of_lists(values: np.ndarray) -> sparse.csr_matrix:
        return day.weights @ sparse.csr_matrix((values, (x, y)), size)

    yield "sum", of_lists(related["score"].to_numpy())
    lifts = log_lifts(related["both"].to_numpy(), related["expected"].to_numpy(), SHRINKAGE)
    both = of_lists(lifts).tocoo()
    purchases = np.asarray(day.owned.sum(axis=1)).ravel()[both.row]
    chance = np.log(-np.expm1(purchases * day.log_misses[both.col]))
    mean = both.data / np.asarray(day.weights.sum(axis=1)).ravel()[both.row]
    # shifted above 0, as the matrices are sparse: only its order has a meaning
    values = chance + LIFT_WEIGHT * mean
    yield (
        "calibrated",
        sparse.csr_matrix((values - values.min() + 1, (both.row, both.col)), both.shape),
    )


def first_places(day: Day, scores: sparse.csr_matrix, model: str) -> pa.Table:
    """The first places of each customer's list: the columns of `tables.recommend.LIST`."""
    rows, ranks, codes, values = [], [], [], []
    for row in range(scores.shape[0]):
        listed = slice(scores.indptr[row], scores.indptr[row + 1])
        code, value = scores.indices[listed], scores.data[listed]
        owned = day.owned.indices[day.owned.indptr[row] : day.owned.indptr[row + 1]]
        is_new = ~np.isin(code, owned) & (value > 0)
        code, value = code[is_new], value[is_new]
        if len(code) > PLACES:
            enough = np.partition(value, -PLACES)[-PLACES]
            code, value = code[value >= enough], value[value >= enough]
        best = np.lexsort((code, -value))[:PLACES]
        rows.append(np.full(len(best), row))
        ranks.append(np.arange(1, len(best) + 1))
        codes.append(code[best])
        values.append(value[best])
    customers = np.concatenate(rows)
    return pa.table(
        {
            "as_of": pa.array([day.as_of] * len(customers), pa.date32()),
            "market": pa.repeat("all", len(customers)),
            "customer_id": pa.array(day.customers[customers]),
            "model": pa.repeat(model, len(customers)),
            "rank": pa.array(np.concatenate(ranks).astype(np.int32)),
            "item_id": pa.array(day.items[np.concatenate(codes)]),
            "score": pa.array(np.concatenate(values)),
        }
    )


def all_lists(warehouse: Path, days: list[date]) -> Iterator[pa.Table]:
    """The lists of every day, unit and score."""
    columns = ["customer_id", "item_id", "purchased_at", "quantity"]
    bought = DeltaTable(str(warehouse / "purchases")).to_pyarrow_table(columns=columns)
    lines = bought.filter(pc.greater(bought["quantity"], 0)).to_pandas()
    for as_of in days:
        day = day_of(lines, as_of)
        of_day = DeltaTable(str(warehouse / "related_items")).to_pandas(
            columns=["unit", "metric", "item_id", "related_item_id", "score", "both", "expected"],
            filters=[("as_of", "=", as_of), ("relation", "=", "together")],
        )
        for (unit, metric), related in of_day.groupby(["unit", "metric"], observed=True):
            for way, scores in merged(day, related):
                yield first_places(day, scores, f"{way} of {metric} by {unit}")
        print(f"{as_of}: {len(day.customers):,} customers, {len(of_day):,} rows", flush=True)


def main() -> None:
    """Write the table."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("warehouse", type=Path)
    parser.add_argument("days", nargs="+", type=lambda text: datetime.fromisoformat(text).date())
    arguments = parser.parse_args()
    tables = pa.concat_tables(all_lists(arguments.warehouse, arguments.days))
    write_deltalake(str(arguments.warehouse / "merged_scores"), tables, mode="overwrite")


if __name__ == "__main__":
    main()
