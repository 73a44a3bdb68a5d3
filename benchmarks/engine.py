"""Measures the engine against its peers, in turn: A B C A B C A B C; medians of the rounds.

    python -m benchmarks.engine --data-set s2m,s10m --rounds 3
    python -m benchmarks.engine --growth     cost per pair at 1, 2, 4 and 8 times the customers
    python -m benchmarks.engine --cores      the counting stage on one core and on two

Data sets that are missing are generated. Every run is a line of JSON in the results file.
"""

import argparse
import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.contestants import ALL
from benchmarks.data_sets import ALL as DATA_SETS
from benchmarks.data_sets import DATA, GROWTH, HERE, sizes
from benchmarks.generate import generate
from benchmarks.run_one import SUPPORT, Options, run_one, why_not

RESULTS = HERE / "results.jsonl"
Run = dict[str, Any]


class Results:
    """Every run of this call, each appended to the file as it ends."""

    def __init__(self, file: Path, console: Console) -> None:
        self.file = file
        self.console = console
        self.runs: list[Run] = []

    def add(self, run: Run) -> Run:
        """Keep one run."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        with self.file.open("a") as out:
            out.write(json.dumps({"at": now, **run}) + "\n")
        self.runs.append(run)
        result = run.get("left_out") or run.get("failed") or f"{run['seconds']:,.1f} s"
        self.console.print(f"{run['data_set']} {run['contestant']}: {result}", highlight=False)
        return run

    def of(self, data_set: str, contestant: str) -> list[Run]:
        """The runs that ended well, in the order of the rounds."""
        wanted = (data_set, contestant)
        runs = [run for run in self.runs if (run["data_set"], run["contestant"]) == wanted]
        return [run for run in runs if "seconds" in run]


def measured(
    names: list[str], data_set: str, rounds: int, options: Options, results: Results
) -> None:
    """Run the contestants in turn, and print their table."""
    out_of_it: dict[str, str] = {}
    for name in names:
        if reason := why_not(name, data_set):
            out_of_it[name] = reason
            results.add({"contestant": name, "data_set": data_set, "left_out": reason})
    for turn in range(rounds):
        for name in names:
            if name in out_of_it:
                continue
            with_rows = replace(options, rows=engine_rows(results, data_set))
            run = run_one(name, data_set, with_rows)
            results.add({"round": turn, "pairs": sizes(options.data, data_set)["pairs"], **run})
            if "failed" in run:
                out_of_it[name] = run["failed"]
    results.console.print(table(names, data_set, results, out_of_it))


def engine_rows(results: Results, data_set: str) -> int:
    """How many rows the engine wrote, for the floor; 0 where it has not run."""
    return max((run["rows"] for run in results.of(data_set, "engine")), default=0)


def table(names: list[str], data_set: str, results: Results, reasons: dict[str, str]) -> Table:
    """Medians of each contestant."""
    made = Table(title=f"{data_set}: medians; ratio: engine / this one, in the same round")
    made.add_column("contestant", no_wrap=True)
    for head in ("runs", "seconds", "ratio", "process s", "tree GB", "worker GB", "shuffled MB"):
        made.add_column(head, justify="right")
    made.add_column("rows", justify="right")
    for name in names:
        runs = results.of(data_set, name)
        if runs:
            made.add_row(name, *_cells(runs, results.of(data_set, "engine")))
        else:
            made.add_row(name, f"left out: {reasons.get(name, '')}")
    return made


def _cells(runs: list[Run], engine: list[Run]) -> list[str]:
    of_engine = {run["round"]: run["seconds"] for run in engine}
    in_both = [run for run in runs if run["round"] in of_engine]
    ratios = [of_engine[run["round"]] / run["seconds"] for run in in_both]
    return [
        str(len(runs)),
        f"{_median(runs, 'seconds'):,.1f}",
        f"{median(ratios):.2f}" if ratios else "",
        f"{_median(runs, 'process_seconds'):,.1f}",
        f"{_median(runs, 'peak_bytes') / 1e9:.2f}",
        f"{_median(runs, 'peak_worker_bytes') / 1e9:.2f}",
        f"{_median(runs, 'shuffled_bytes') / 1e6:,.0f}",
        f"{_median(runs, 'rows'):,.0f}",
    ]


def _median(runs: list[Run], name: str) -> float:
    return float(median(run.get(name, 0) for run in runs))


def growth(rounds: int, options: Options, results: Results) -> None:
    """The engine on 1, 2, 4 and 8 times the customers at the same items: cost per pair."""
    names = [data.name for data in GROWTH]
    for turn in range(rounds):
        for name in names:
            pairs = sizes(options.data, name)["pairs"]
            results.add({"round": turn, "pairs": pairs, **run_one("engine", name, options)})
    made = Table(title="growth: medians; counting: the stage that counts, scores and writes")
    for head in ("customers", "pairs", "seconds", "ns a pair", "counting s", "ns a pair"):
        made.add_column(head, justify="right")
    made.add_column("tree GB", justify="right")
    for name in names:
        runs = results.of(name, "engine")
        if runs:
            made.add_row(*_growth_cells(name, runs))
    results.console.print(made)


def _growth_cells(name: str, runs: list[Run]) -> list[str]:
    pairs, seconds = runs[0]["pairs"], _median(runs, "seconds")
    counting = median(counting_stage(run)["seconds"] for run in runs)
    return [
        f"{DATA_SETS[name].customers:,}",
        f"{pairs:,}",
        f"{seconds:,.1f}",
        f"{seconds / pairs * 1e9:,.0f}",
        f"{counting:,.1f}",
        f"{counting / pairs * 1e9:,.0f}",
        f"{_median(runs, 'peak_bytes') / 1e9:.2f}",
    ]


def counting_stage(run: Run) -> dict[str, float]:
    """The stage that counts, scores and writes: the one that wrote the most."""
    return max(run["stages"], key=lambda stage: stage["written"])


def cores(data_set: str, rounds: int, options: Options, results: Results) -> None:
    """The engine on one core and on two, the counting stage apart."""
    runs_on: dict[int, list[Run]] = {1: [], 2: []}
    for turn in range(rounds):
        for count, runs in runs_on.items():
            run = run_one("engine", data_set, replace(options, cores=count))
            run = results.add({"round": turn, "sub_run": "cores", **run})
            runs.extend([run] if "seconds" in run else [])
    made = Table(title=f"{data_set}: cores, medians")
    for head in ("cores", "seconds", "counting s", "task seconds of counting", "tasks"):
        made.add_column(head, justify="right")
    for count, runs in runs_on.items():
        stages = [counting_stage(run) for run in runs]
        if stages:
            cells = [_median(stages, name) for name in ("seconds", "task_seconds", "tasks")]
            shown = [f"{_median(runs, 'seconds'):,.1f}", *(f"{c:,.1f}" for c in cells[:2])]
            made.add_row(str(count), *shown, f"{cells[2]:,.0f}")
    results.console.print(made)


def complete(names: Iterable[str], data: Path, console: Console) -> None:
    """Generate what is missing."""
    for name in names:
        if not sizes(data, name):
            generate(DATA_SETS[name], DATA_SETS[name].folder(data))
        counts = sizes(data, name)
        console.print(name, ", ".join(f"{key} {value:,}" for key, value in counts.items()))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-set", type=_names(DATA_SETS), default=["s2m", "s10m"])
    parser.add_argument("--contestants", type=_names(ALL), default=list(ALL))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--growth", action="store_true", help="only the engine, on 1 to 8 times")
    parser.add_argument("--cores", action="store_true", help="only the engine, on 1 and 2 cores")
    parser.add_argument("--min-support", type=int, default=SUPPORT)
    parser.add_argument("--timeout", type=float, default=3600.0, help="seconds for one run")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--results", type=Path, default=RESULTS)
    return parser.parse_args()


def _names(allowed: Iterable[str]) -> Any:
    def parsed(text: str) -> list[str]:
        unknown = [name for name in text.split(",") if name not in allowed]
        if unknown:
            raise argparse.ArgumentTypeError(
                f"no {', '.join(unknown)}; there are {', '.join(allowed)}"
            )
        return text.split(",")

    return parsed


def main() -> None:
    given, console = arguments(), Console()
    options = Options(data=given.data, support=given.min_support, timeout=given.timeout)
    results = Results(given.results, console)
    wanted = [data.name for data in GROWTH] if given.growth else given.data_set
    complete(("tiny", *wanted), given.data, console)
    run_one("engine", "tiny", options)  # so that the compiled loops lie in their cache
    if given.growth:
        growth(given.rounds, options, results)
        return
    for name in given.data_set:
        if given.cores:
            cores(name, given.rounds, options, results)
        else:
            measured(given.contestants, name, given.rounds, options, results)


if __name__ == "__main__":
    main()
