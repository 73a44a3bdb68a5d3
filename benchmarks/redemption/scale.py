"""The weights of many offers against reading, joining once and writing as many rows.

    python -m benchmarks.redemption.scale [--offers 10000000] [--rounds 1] [--cores 2]

Offers are generated in Spark from hashes of their numbers and written once as Delta, shaped like
`redemption_examples`. Then, in the same session and after a warm-up of both on a hundredth:

floor    reads the offers with their features, joins them once with a table of as many rows by
         offer_id, and writes as many rows of the same kind as the weights, made without Python;
weights  training.offers.redemption_weights, from the call to the rows written.

The parts of the weights' time are measured by running them up to each step, without a result. Peak
memory is resident, of the largest Python worker, every 0.1 s.
"""

import argparse
import json
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import psutil
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from rich.console import Console
from rich.table import Table

from alsobought.runtime import session
from alsobought.sampling import bucket
from alsobought.tables.training import REDEMPTION_WEIGHTS
from alsobought.training.offers import redemption_weights
from alsobought.training.offers.delay_models import fit_delay_models
from alsobought.training.offers.matured_history import collect_history
from alsobought.training.offers.settings import Redemption
from alsobought.training.offers.weigher import COLUMNS, Weigher, copies_as_arrow
from alsobought.training.offers.weight_methods import probabilities_for
from benchmarks.data_sets import DATA
from benchmarks.processes import SAMPLE_SECONDS, Peaks
from benchmarks.redemption.generated import examples, floor, keyed

SNAPSHOTS = ("none", "fsiw", "snapshot_with_engagement")
"""Methods with one copy of every offer, so that the floor knows how many rows to write."""
WARM = 100
ON_THE_DRIVER = 200_000


@dataclass
class Clock:
    """Seconds by name, each measured again in every round."""

    seconds: dict[str, list[float]] = field(default_factory=dict)

    @contextmanager
    def measure(self, name: str) -> Iterator[None]:
        """Add what the block takes."""
        started = time.perf_counter()
        yield
        self.seconds.setdefault(name, []).append(time.perf_counter() - started)

    def timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, whose calls are measured."""

        def call(*given: Any) -> Any:
            with self.measure(name):
                return function(*given)

        return call

    def median(self, name: str) -> float:
        """The median of the rounds."""
        return float(np.median(self.seconds[name]))


def write(made: DataFrame, path: Path) -> None:
    """The rows as Delta."""
    made.write.format("delta").mode("overwrite").save(str(path))


def weigh(offers: DataFrame, settings: Redemption, path: Path, clock: Clock) -> list[str]:
    """The weights, written; what they say of themselves."""
    names = {"replays": "collect_history", "fit": "fit_delay_models"}
    patches = [
        mock.patch.object(
            redemption_weights, function, clock.timed(name, getattr(redemption_weights, function))
        )
        for name, function in names.items()
    ]
    with patches[0], patches[1], clock.measure("weights"):
        with clock.measure("call"):
            outcome = redemption_weights.redemption_weights(offers, settings)
        write(REDEMPTION_WEIGHTS.conform(outcome.frame), path)
    return outcome.notes


def steps(offers: DataFrame, settings: Redemption, clock: Clock) -> None:
    """The pass over the offers up to each of its steps, the rows thrown away."""
    replays, names = collect_history(offers, settings), probabilities_for(settings.methods)
    models = fit_delay_models(replays.history, names, settings.terms, replays.encoder)
    weigher = Weigher(tuple(settings.methods), settings.terms, models)
    visible = redemption_weights.visible_offers(offers, with_features=True)
    for name, made in {
        "scan": visible,
        "and to Python": visible.mapInArrow(_counts, "n bigint"),
        "and weigh": visible.mapInArrow(weigher.batches, COLUMNS),
    }.items():
        with clock.measure(name):
            made.write.format("noop").mode("overwrite").save()
    sample = visible.limit(ON_THE_DRIVER).toArrow().combine_chunks()
    _on_the_driver(sample.to_batches(max_chunksize=10_000), weigher, clock)


def _counts(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        yield pa.RecordBatch.from_pydict({"n": pa.array([batch.num_rows], pa.int64())})


def _on_the_driver(batches: list[pa.RecordBatch], weigher: Weigher, clock: Clock) -> None:
    """Parts of weighing in one thread: encode, predict, and the rest."""
    models = weigher.models
    if models is None:
        return
    with clock.measure("encode"):
        encoded = [models.encoder.matrix(batch["features"]) for batch in batches]
    with clock.measure("predict"):
        for x, batch in zip(encoded, batches, strict=True):
            for name in probabilities_for(weigher.methods):
                models.predict(name, x, batch["age_days"].to_numpy())
    with clock.measure("all of weighing"):
        for batch in batches:
            for method, copies in weigher.weighted_copies(batch):
                copies_as_arrow(method, copies, batch)


@contextmanager
def peak_memory() -> Iterator[Peaks]:
    """The largest resident memory of this process' tree and of its Python children, sampled."""
    peaks, ended = Peaks(), threading.Event()

    def sample() -> None:
        while not ended.wait(SAMPLE_SECONDS):
            peaks.sample(psutil.Process())

    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield peaks
    finally:
        ended.set()
        thread.join()


def run(spark: SparkSession, asked: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Everything measured, as one object."""
    settings, clock, cold = _settings(asked), Clock(), Clock()
    path = {name: folder / name for name in ("examples", "keyed", "floor", "weights")}
    with clock.measure("generate"):
        made = examples(spark, asked.offers, 4 * asked.cores, settings.attribution_days)
        write(made, path["examples"])
        write(keyed(spark.read.format("delta").load(str(path["examples"]))), path["keyed"])
    offers, other = (
        spark.read.format("delta").load(str(path[name])) for name in ("examples", "keyed")
    )
    few = offers.where(bucket(F.xxhash64("offer_id"), WARM) == 0)
    write(floor(few, other, settings), path["floor"])
    weigh(few, settings, path["weights"], cold)
    peaks = []
    for _ in range(asked.rounds):
        with clock.measure("floor"):
            write(floor(offers, other, settings), path["floor"])
        with peak_memory() as peak:
            notes = weigh(offers, settings, path["weights"], clock)
        peaks.append(peak)
    steps(offers, settings, clock)
    written = {name: _written(spark, path[name]) for name in ("floor", "weights")}
    return {
        "offers": asked.offers,
        "methods": settings.methods,
        "rows": written,
        "ratio": clock.median("weights") / clock.median("floor"),
        "seconds": {name: clock.median(name) for name in clock.seconds},
        "peak_worker_bytes": max(peak.worker for peak in peaks),
        "notes": notes,
    }


def _written(spark: SparkSession, path: Path) -> int:
    return spark.read.format("delta").load(str(path)).count()


def _settings(asked: argparse.Namespace) -> Redemption:
    return Redemption(
        attribution_days=60,
        observation_days=14,
        methods=asked.methods,
        model=asked.model,
        replays=4,
        training_rows=200_000,
        min_matured=500,
        floor=0.05,
        seed=1,
    )


def shown(measured: dict[str, Any]) -> Table:
    """Where the time goes; the parts of the pass are differences of runs up to each step."""
    seconds = measured["seconds"]
    weights = seconds["weights"]
    call = {name: seconds[name] for name in ("replays", "fit")}
    call["notes"] = seconds["call"] - sum(call.values())
    names = ("scan", "and to Python", "and weigh")
    until = [0.0, *(seconds[name] for name in names), weights - seconds["call"]]
    words = ("pass: scan", "pass: to Python", "pass: encode, predict, weigh, and back", "write")
    parts = call | dict(zip(words, np.diff(until), strict=True))
    title = f"{measured['offers']:,} offers: {measured['ratio']:.2f} times the floor"
    table = Table("what", "seconds", "of the weights", title=title)
    for name, took in {"floor": seconds["floor"], "weights": weights, **parts}.items():
        table.add_row(name, f"{took:,.1f}", f"{took / weights:.0%}")
    for name in ("encode", "predict", "all of weighing"):
        micros = seconds[name] / min(ON_THE_DRIVER, measured["offers"]) * 1e6
        table.add_row(f"one thread: {name}", f"{micros:.2f} µs an offer", "")
    table.add_row("largest Python worker", f"{measured['peak_worker_bytes'] / 2**20:,.0f} MiB", "")
    return table


def main() -> None:
    """Print a table and a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--offers", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--model", default="logistic", choices=("logistic", "gradient_boosting"))
    parser.add_argument(
        "--methods", nargs="+", default=["snapshot_with_engagement"], choices=SNAPSHOTS
    )
    asked = parser.parse_args()
    DATA.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=DATA, prefix="scale-") as folder:
        spark = session.build("benchmark", _spark(asked.cores, folder))
        measured = run(spark, asked, Path(folder))
        spark.stop()
    Console(width=110).print(shown(measured))
    print(json.dumps(measured))


def _spark(cores: int, folder: str) -> dict[str, str]:
    return {
        "spark.master": f"local[{cores}]",
        "spark.driver.memory": "4g",
        "spark.sql.shuffle.partitions": str(8 * cores),
        "spark.databricks.delta.snapshotPartitions": "2",
        "spark.local.dir": f"{folder}/scratch",
        "spark.sql.warehouse.dir": f"{folder}/warehouse",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }


if __name__ == "__main__":
    main()
