"""Customers' lists against reading, shuffling once and writing as much, and against DuckDB.

    python -m benchmarks.recommend [--share 0.1] [--rounds 1] [--contestants floor,duckdb,job]

Generated once: 1,000,000 customers with 20 purchases on average, 100,000 items with 50 related
each (--share of the customers and items). Then in turn, in one process, each from its inputs to
what it has written:

floor    Spark reads the inputs, shuffles the lines once by customer, and writes as many rows of the
         same columns as Delta, with three reasons each, made without Python;
duckdb   SQL for the same lists with the same threads, some customers at a time: no reasons, no
         bestsellers, Parquet;
job      the step of recommendations, Delta to Delta, by the runtime's store.

Before that each runs once on the customers of a hundredth, so that code is loaded.
"""

import argparse
import json
import shutil
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pyarrow as pa
from deltalake import write_deltalake
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from alsobought.recommend.inputs import Inputs
from alsobought.recommend.recommendations import recommendations
from alsobought.recommend.settings import Recommendations
from alsobought.runtime import session
from alsobought.runtime.store import Store
from alsobought.tables.recommend import RECOMMENDATIONS
from alsobought.tables.stored import Stored
from benchmarks.contestants import Task, files
from benchmarks.contestants.duckdb_join import connected, filled_in
from benchmarks.contestants.spark import settings as spark_settings
from benchmarks.data_sets import AS_OF, DATA, LOOK_BACK_DAYS, MILLION, DataSet
from benchmarks.generate import SEED, Shop, generate
from benchmarks.redemption.scale import peak_memory

WHOLE = DataSet("recommend", MILLION, 100_000, 20 * MILLION)
RELATED = 50
TRIGGERS, TOP, HALF_LIFE_DAYS = 20, 20, 60.0
CHUNKS = 20  # of customers, that DuckDB takes one after the other
CORES = 2


def settings() -> Recommendations:
    """One model from one source, without options."""
    return Recommendations.model_validate(
        {
            "baskets": {
                "units": ["customer"],
                "look_back_days": LOOK_BACK_DAYS,
                "max_items": {"customer": 1000},
                "count_repeats": False,
            },
            "lists": {"metrics": ["lift"], "min_support": 1},
            "models": ["sum"],
            "sources": [{"unit": "customer", "relation": "together", "metric": "lift"}],
            "triggers": TRIGGERS,
            "look_back_days": LOOK_BACK_DAYS,
            "half_life_days": HALF_LIFE_DAYS,
            "shrinkage": 5.0,
            "top_k": TOP,
        }
    )


def of_share(share: float) -> DataSet:
    """The data set with a share of the customers and items."""
    counts = {
        name: int(getattr(WHOLE, name) * share) for name in ("customers", "items", "purchases")
    }
    return replace(WHOLE, name=f"recommend-{share:g}", **counts)


def prepared(data: DataSet) -> Path:
    """The folder with all inputs as Delta tables; they are generated where they are missing."""
    folder = data.folder(DATA)
    if not (folder / "bestsellers").is_dir():
        generate(data, folder)
        shop, rng = Shop(data), np.random.default_rng([SEED, data.items])
        for name, rows in item_tables(shop, rng).items():
            write_deltalake(folder / name, rows)
    return folder


def item_tables(shop: Shop, rng: np.random.Generator) -> dict[str, pa.Table]:
    """What the job reads beside purchases; related items by popularity, distinct but for few."""
    items = shop.data.items
    ids, count = shop.item_ids, items * RELATED
    x = np.repeat(np.arange(items), RELATED)
    y = shop.id_of_rank[np.searchsorted(shop.popularity, rng.random(count))]
    is_first = np.zeros(count, bool)
    is_first[np.unique(x * items + y, return_index=True)[1]] = True
    x, y = x[is_first & (x != y)], y[is_first & (x != y)]
    shares = np.diff(shop.popularity, prepend=0.0)[np.argsort(shop.id_of_rank)]
    kind = {"unit": "customer", "market": "all"}
    every = {"item_id": ids}
    return {
        "related_items": with_constants(
            {
                "item_id": ids.take(pa.array(x)),
                "related_item_id": ids.take(pa.array(y)),
                "score": pa.array(rng.gamma(2.0, 2.0, len(x))),
                "both": pa.array(rng.integers(1, 50, len(x))),
                "expected": pa.array(rng.gamma(2.0, 4.0, len(x))),
            },
            {**kind, "relation": "together", "metric": "lift"},
        ),
        "item_statistics": with_constants({**every, "share": pa.array(shares)}, kind),
        "items": pa.table(
            {
                **every,
                "is_available": pa.array(rng.random(items) < 0.97),
                "brand": pa.nulls(items, pa.string()),
                "category": pa.array([[]] * items, pa.list_(pa.string())),
            }
        ),
        "bestsellers": with_constants(
            {
                "item_id": ids.take(pa.array(shop.id_of_rank[:100])),
                "rank": pa.array(range(1, 101), pa.int32()),
            },
            {"market": "all"},
        ),
    }


def with_constants(columns: dict[str, pa.Array], constants: dict[str, str]) -> pa.Table:
    """The columns, and others that have one value each."""
    rows = len(next(iter(columns.values())))
    return pa.table({n: pa.repeat(value, rows) for n, value in constants.items()} | columns)


class Contestants:
    """The three, over the tables of one folder."""

    def __init__(self, spark: SparkSession, folder: Path, scratch: Path) -> None:
        self.spark, self.folder, self.scratch = spark, folder, scratch

    def read(self, name: str) -> DataFrame:
        return self.spark.read.format("delta").load(str(self.folder / name))

    def lines(self, is_warming: bool) -> DataFrame:
        lines = self.read("purchases")
        return lines.where("xxhash64(customer_id) % 100 = 0") if is_warming else lines

    def floor(self, is_warming: bool) -> int:
        inputs = ("related_items", "item_statistics", "items", "bestsellers")
        for name in inputs:
            self.read(name).write.format("noop").mode("overwrite").save()
        columns = ("market", "customer_id", "item_id", "purchased_at")
        lines = self.lines(is_warming).select(*columns).repartition("market", "customer_id")
        share = F.lit(0.5)
        reason = F.struct("item_id", share.alias("share"))
        rows = lines.select(
            "market",
            "customer_id",
            F.lit("sum").alias("model"),
            F.lit(1).alias("rank"),
            "item_id",
            F.unix_micros("purchased_at").cast("double").alias("score"),
            F.lit("related").alias("source"),
            F.array(reason, reason, reason).alias("reasons"),
        )
        out = self.scratch / "floor"
        rows.write.format("delta").mode("overwrite").save(str(out))
        return self.spark.read.format("delta").load(str(out)).count()

    def job(self, is_warming: bool) -> int:
        store = Store(self.spark, str(self.scratch / "tables"))
        given = () if is_warming else tuple(files(str(self.folder / "purchases")))
        inputs = Inputs(
            Stored(self.lines(is_warming), given),
            *(self.read(n) for n in ("related_items", "item_statistics", "items", "bestsellers")),
        )
        made = recommendations(inputs, settings(), AS_OF)
        return store.write(RECOMMENDATIONS, made, AS_OF, {})

    def duckdb(self, is_warming: bool) -> int:
        names = ("purchases", "related_items", "items")
        values = {name: str(files(str(self.folder / name))) for name in names}
        values |= {"triggers": str(TRIGGERS), "top": str(TOP), "half_life": str(HALF_LIFE_DAYS)}
        values["as_of"] = AS_OF.isoformat()
        connection = connected(CORES, str(self.scratch))
        for statement in (LISTS, TRIGGER_ROWS):
            connection.execute(filled_in(statement, values))
        out = self.scratch / "duckdb"
        out.mkdir(exist_ok=True)
        for chunk in range(CHUNKS if not is_warming else 1):
            query = filled_in(MERGED, values | {"chunk": str(chunk), "pieces": str(CHUNKS)})
            connection.execute(f"COPY ({query}) TO '{out}/{chunk}.parquet' (FORMAT parquet)")
        (rows,) = connection.execute(f"SELECT count(*) FROM '{out}/*.parquet'").fetchall()[0]
        return int(rows)


LISTS = """
CREATE TEMP TABLE item AS
    SELECT item_id, row_number() OVER (ORDER BY item_id)::INTEGER AS code, is_available
    FROM read_parquet($items);
CREATE TEMP TABLE list AS
    SELECT a.code AS x, b.code AS y, score FROM read_parquet($related_items)
    JOIN item a USING (item_id) JOIN item b ON b.item_id = related_item_id
    WHERE b.is_available;
"""
TRIGGER_ROWS = """
CREATE TEMP TABLE customer AS
    SELECT customer_id, row_number() OVER ()::INTEGER AS c
    FROM (SELECT DISTINCT customer_id FROM read_parquet($purchases));
CREATE TEMP TABLE owned AS
    SELECT c, code AS x, max(purchased_at) AS bought_at
    FROM read_parquet($purchases) JOIN customer USING (customer_id) JOIN item USING (item_id)
    WHERE purchased_at < TIMESTAMP '$as_of'
      AND purchased_at >= TIMESTAMP '$as_of' - INTERVAL 365 DAY
    GROUP BY ALL;
CREATE TEMP TABLE trigger AS
    SELECT c, x,
           0.5 ** (date_diff('second', bought_at, TIMESTAMP '$as_of') / 86400.0 / $half_life) AS w
    FROM owned
    QUALIFY row_number() OVER (PARTITION BY c ORDER BY bought_at DESC, x) <= $triggers;
"""
MERGED = """
    WITH scored AS (
        SELECT c, y, sum(w * score) AS score
        FROM (SELECT * FROM trigger WHERE c % $pieces = $chunk) JOIN list USING (x) GROUP BY c, y
    ), best AS (
        SELECT scored.* FROM scored ANTI JOIN owned ON scored.c = owned.c AND scored.y = owned.x
        QUALIFY row_number() OVER (PARTITION BY scored.c ORDER BY score DESC, y) <= $top
    )
    SELECT customer_id, item_id, score,
           row_number() OVER (PARTITION BY c ORDER BY score DESC, y) AS rank
    FROM best JOIN customer USING (c) JOIN item ON code = y
"""


def measured(asked: argparse.Namespace, spark: SparkSession, scratch: Path) -> dict[str, Any]:
    """Seconds and memory of each contestant, medians of the rounds."""
    contestants = Contestants(spark, prepared(of_share(asked.share)), scratch)
    seconds: dict[str, list[float]] = {name: [] for name in asked.contestants}
    rows: dict[str, int] = {}
    workers: dict[str, int] = {}
    for name in asked.contestants:
        getattr(contestants, name)(True)
    for _ in range(asked.rounds):
        for name in asked.contestants:
            for made in ("floor", "tables", "duckdb"):
                shutil.rmtree(scratch / made, ignore_errors=True)
            began = time.perf_counter()
            with peak_memory() as peaks:
                rows[name] = getattr(contestants, name)(False)
            seconds[name].append(time.perf_counter() - began)
            workers[name] = max(workers.get(name, 0), peaks.worker)
            print(f"{name}: {seconds[name][-1]:.1f} s, {rows[name]:,} rows", flush=True)
    return {
        "share": asked.share,
        "rows": rows,
        "seconds": {name: median(values) for name, values in seconds.items()},
        "worker_bytes": workers,
    }


def main() -> None:
    """Print a line a run, and at the end a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument(
        "--contestants", type=lambda text: text.split(","), default=["floor", "duckdb", "job"]
    )
    asked = parser.parse_args()
    DATA.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=DATA, prefix="recommend-") as folder:
        task = Task("", folder, f"{folder}/scratch", CORES, 1, 0)
        spark = session.build("benchmark", spark_settings(task, "4g", 8))
        result = measured(asked, spark, Path(folder))
        spark.stop()
    if {"floor", "duckdb", "job"} <= result["seconds"].keys():
        took = result["seconds"]
        result["of_floor"] = took["job"] / took["floor"]
        result["of_duckdb"] = took["job"] / took["duckdb"]
    print(json.dumps(result))


if __name__ == "__main__":
    main()
