"""Plain Spark: the CSV files parsed by a schema, filtered, written as Delta; started by night.

No reasons, no rejected rows, no duplicates, no contract: what any load of these files by Spark
takes at least.
"""

import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow.parquet as pq

from benchmarks.contestants import Task
from benchmarks.contestants.spark import after, with_delta

SCHEMA = (
    "order_id string, customer_id string, item_id string, time timestamp, quantity double, "
    "price double"
)
GOOD = (
    "order_id IS NOT NULL AND customer_id IS NOT NULL AND item_id IS NOT NULL AND "
    "price IS NOT NULL AND quantity > 0 AND time < '{as_of}'"
)


@dataclass(frozen=True)
class Given:
    """What the script is started with."""

    files: list[str]
    out: str
    scratch: str
    cores: int
    memory: str
    partitions: int
    as_of: str

    def as_text(self) -> str:
        return json.dumps(asdict(self))


def main() -> None:
    given = Given(**json.loads(sys.argv[1]))
    task = Task("", given.out, given.scratch, given.cores, 0, 0)
    spark = with_delta(task, given.memory, given.partitions)
    began = time.perf_counter()
    lines = spark.read.schema(SCHEMA).option("header", True).csv(given.files)
    lines.where(GOOD.format(as_of=given.as_of)).write.format("delta").save(given.out)
    seconds = round(time.perf_counter() - began, 3)
    rows = sum(pq.read_metadata(f).num_rows for f in Path(given.out).rglob("part-*.parquet"))
    print(json.dumps({"seconds": seconds, "rows": rows, **after(task, spark)}), flush=True)
    spark.stop()


if __name__ == "__main__":
    main()
