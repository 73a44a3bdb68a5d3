"""The whole way, from a year of CSV files to lists: a first night, and the nights after it.

    python -m benchmarks.night --data-set s10m --rounds 3
    python -m benchmarks.night --data-set s10m --scenarios first_night,nothing_new --rounds 1
    python -m benchmarks.night --data-set s100m --contestants alsobought --rounds 1
    python -m benchmarks.night --report          the tables of the last call, without a new run

The files are generated where they are missing. In each round everyone starts from nothing: plain
Spark loads the files, DuckDB goes from the files to the lists, then the project does and lives
through the nights that follow. Every run is a line of JSON in the results file; at the end the
medians are printed as Markdown.
"""

import argparse
import json
import shutil
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.data_sets import ALL as DATA_SETS
from benchmarks.data_sets import DATA, HERE, DataSet
from benchmarks.files_to_lists.project_home import ProjectHome
from benchmarks.files_to_lists.report import markdown
from benchmarks.files_to_lists.scenarios import (
    CONTESTANTS,
    NEED_NO_WAREHOUSE,
    PROJECT,
    SCENARIOS,
    Machine,
    Round,
    Run,
)
from benchmarks.files_to_lists.shop_files import ShopFiles, write_shop_files

RESULTS = HERE / "results.jsonl"
BYTES_A_PURCHASE = 250  # files, tables, what is kept on disk between stages, DuckDB's spilling
BENCHMARK = "night"


class Results:
    """Every run of this call, each appended to the file as it ends."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.call = datetime.now(UTC).isoformat(timespec="seconds")
        self.runs: list[Run] = []

    def add(self, run: Run) -> None:
        """Keep one run, and say how it went."""
        run = {"benchmark": BENCHMARK, "call": self.call, **run}
        with self.file.open("a") as out:
            out.write(json.dumps(run) + "\n")
        self.runs.append(run)
        print(_line(run), flush=True)


def _line(run: Run) -> str:
    where = f"{run['data_set']} round {run['round']}, {run['scenario']}"
    if "agreement" in run:
        return f"{where}: {'; '.join(run['faults']) or 'results agree'}"
    if "failed" in run:
        return f"{where}, {run['contestant']}: failed: {run['failed']}"
    jobs = [f"{job['job']} {job['seconds']:,.1f}" for job in run.get("jobs", [])]
    jobs += [f"{name} {seconds:,.1f}" for name, seconds in run.get("steps", {}).items()]
    inside = f" ({', '.join(jobs)})" if jobs else ""
    return f"{where}, {run['contestant']}: {run['process_seconds']:,.1f} s{inside}"


def measured(data: DataSet, given: argparse.Namespace, results: Results) -> None:
    """All rounds on one data set."""
    folder = given.work_dir.resolve()
    files = ShopFiles(folder / "files" / data.name)
    require_space(folder, data, is_there=bool(files.sizes()))
    if not files.sizes():
        print(f"{data.name}: generating its files", flush=True)
        write_shop_files(data, files.folder)
    print(f"{data.name}:", ", ".join(f"{name} {n:,}" for name, n in files.sizes().items()))
    machine = Machine(given.cores, given.driver_memory, given.timeout)
    for number in range(given.rounds):
        home = ProjectHome(folder / f"round-{data.name}", files)
        home.create(data, machine.cores, machine.memory)

        def keep(run: Run, number: int = number) -> None:
            here = {"round": number, "data_set": data.name, "cores": machine.cores}
            results.add({**here, "driver_memory": machine.memory, **run})

        play(Round(data, home, machine, given.contestants, keep), given.scenarios)
        if not given.keep:
            shutil.rmtree(home.folder)
    print("\n" + markdown(data.name, [r for r in results.runs if r["data_set"] == data.name]))


def warm_up(given: argparse.Namespace) -> None:
    """A first night that is not measured, so that the compiled loops lie in their cache."""
    folder, data = given.work_dir.resolve(), DATA_SETS["tiny"]
    files = ShopFiles(folder / "files" / data.name)
    if not files.sizes():
        write_shop_files(data, files.folder)
    home = ProjectHome(folder / "warm-up", files)
    home.create(data, given.cores, given.driver_memory)
    runs: list[Run] = []
    machine = Machine(given.cores, given.driver_memory, given.timeout)
    SCENARIOS["first_night"](Round(data, home, machine, [PROJECT], runs.append))
    shutil.rmtree(home.folder)
    for run in runs:
        if "failed" in run:
            sys.exit(f"The project fails on the smallest data: {run['failed']}")


def play(this: Round, names: Iterable[str]) -> None:
    """The scenarios in their order; the first night first, as the others need its warehouse."""
    wanted = {*NEED_NO_WAREHOUSE, *names}
    for name, scenario in SCENARIOS.items():
        if name not in wanted:
            continue
        if name not in NEED_NO_WAREHOUSE and not is_built(this):
            return
        scenario(this)


def is_built(this: Round) -> bool:
    """Whether the first night has left lists."""
    return (this.home.warehouse / "related_items" / "_delta_log").is_dir()


def require_space(folder: Path, data: DataSet, *, is_there: bool) -> None:
    """End with a sentence where the disk is too small for the data set."""
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    needed = data.purchases * (BYTES_A_PURCHASE - 60 * is_there)
    if free < needed:
        sys.exit(
            f"{data.name} needs about {needed / 1e9:,.0f} GB below {folder}, "
            f"where {free / 1e9:,.0f} GB are free: give another --work-dir."
        )


def last_call(file: Path) -> dict[str, list[Run]]:
    """The runs of the last call in the results file, by data set."""
    lines = file.read_text().splitlines() if file.is_file() else []
    runs: list[Run] = [json.loads(line) for line in lines if line.strip()]
    nights = [run for run in runs if run.get("benchmark") == BENCHMARK]
    if not nights:
        sys.exit(f"{file} has no run of benchmarks.night yet.")
    of_call = [run for run in nights if run["call"] == nights[-1]["call"]]
    names = dict.fromkeys(run["data_set"] for run in of_call)
    return {name: [run for run in of_call if run["data_set"] == name] for name in names}


def arguments() -> argparse.Namespace:
    generated = [name for name, data in DATA_SETS.items() if _has_files(data)]
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data-set", type=_names(generated), default=["s10m"])
    parser.add_argument("--contestants", type=_names(CONTESTANTS), default=list(CONTESTANTS))
    parser.add_argument("--scenarios", type=_names(SCENARIOS), default=list(SCENARIOS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--driver-memory", default="2g", help="of both contestants on Spark")
    parser.add_argument("--timeout", type=float, default=7200.0, help="seconds for one process")
    parser.add_argument("--work-dir", type=Path, default=DATA / "night")
    parser.add_argument("--keep", action="store_true", help="leave the last round's warehouse")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--report", action="store_true", help="print the last call's tables")
    return parser.parse_args()


def _has_files(data: DataSet) -> bool:
    """Markets have no column in the files, and the real data are the demo's."""
    return data.markets == 1 and not data.is_real


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
    given = arguments()
    if given.report:
        for name, runs in last_call(given.results).items():
            print(markdown(name, runs))
        return
    if PROJECT not in given.contestants:
        print(f"Without {PROJECT} only the first night is run.")
    results = Results(given.results)
    if PROJECT in given.contestants:
        warm_up(given)
    for name in given.data_set:
        measured(DATA_SETS[name], given, results)
    faults = [run for run in results.runs if run.get("faults") or "failed" in run]
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
