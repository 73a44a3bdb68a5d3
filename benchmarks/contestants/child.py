"""Runs one contestant and prints one JSON line; started by benchmarks.run_one."""

import json
import sys
import time
from importlib import import_module
from pathlib import Path

import pyarrow.parquet as pq

from benchmarks.contestants import ALL, Task


def rows_written(out: Path) -> int:
    """The rows of all Parquet files in the folder."""
    return sum(pq.read_metadata(file).num_rows for file in out.rglob("part-*.parquet"))


def main() -> None:
    name, task = sys.argv[1], Task(**json.loads(sys.argv[2]))
    module = import_module(f"benchmarks.contestants.{ALL[name].module}")
    ready = module.ready(task)
    started = time.perf_counter()
    counts = module.run(task, ready) or {}
    seconds = time.perf_counter() - started
    after = module.after(task, ready) if hasattr(module, "after") else {}
    measured = {"seconds": round(seconds, 3), "rows": rows_written(Path(task.out))}
    print(json.dumps({**measured, **counts, **after}), flush=True)


if __name__ == "__main__":
    main()
