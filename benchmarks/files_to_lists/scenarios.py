"""The scenarios of one round, on one warehouse, in order; each contestant in turn."""

import json
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.contestants import Task, files
from benchmarks.data_sets import LOOK_BACK_DAYS, DataSet
from benchmarks.files_to_lists import (
    CANDIDATES,
    PLACES,
    SMALL_ROWS,
    SUPPORT,
    agreement,
    duckdb_night,
    night,
    spark_load,
)
from benchmarks.files_to_lists.agreement import Agreement
from benchmarks.files_to_lists.event_log import by_job, newest, stages
from benchmarks.files_to_lists.project_home import ENVIRONMENT, ProjectHome, partitions_for
from benchmarks.files_to_lists.watched import Failed, Watched, watch

JOBS = ("purchases", "items", "item_statistics", "co_purchases", "related_items")
PROJECT, DUCKDB, SPARK = "alsobought", "duckdb", "spark"
CONTESTANTS = (SPARK, DUCKDB, PROJECT)
Run = dict[str, Any]


@dataclass(frozen=True)
class Machine:
    """What every contestant may use."""

    cores: int
    memory: str
    timeout: float


@dataclass
class Round:
    """One round: where it works, who takes part, and what to do with every result."""

    data: DataSet
    home: ProjectHome
    machine: Machine
    contestants: Sequence[str]
    keep: Callable[[Run], None]
    of_spark: int | None = None
    """The rows that plain Spark has written in this round."""
    printed: list[str] = field(default_factory=list)
    """What the first night printed."""

    def project(self, scenario: str, command: Sequence[str], **more: Any) -> Watched | None:
        """Run a command of the project in its home, and keep what it took."""
        if PROJECT not in self.contestants:
            return None
        return self._kept(scenario, PROJECT, command, self._of_project, **more)

    def run_jobs(self, scenario: str, jobs: Sequence[str], as_of: date) -> Watched | None:
        """`alsobought run`."""
        program = str(Path(sys.executable).with_name("alsobought"))
        return self.project(scenario, [program, "run", *jobs, *_options(as_of)])

    def duckdb(self, scenario: str, what: str, values: dict[str, str]) -> None:
        """DuckDB's script."""
        if DUCKDB in self.contestants:
            cores, scratch = self.machine.cores, self.folder("duckdb_scratch")
            given = duckdb_night.Given(what, cores, str(scratch), values)
            module = "benchmarks.files_to_lists.duckdb_night"
            command = [sys.executable, "-m", module, given.as_text()]
            self._kept(scenario, DUCKDB, command, _of_json)
            shutil.rmtree(scratch)

    def other(self, scenario: str, name: str, module: str, *given: str) -> Run | None:
        """Another module of the benchmarks, which prints a line of JSON."""
        if name not in self.contestants:
            return None
        command = [sys.executable, "-m", module, *given]
        watched = self._kept(scenario, name, command, _of_json)
        return None if watched is None else _of_json(watched)

    def agree(self, scenario: str, compare: Callable[[], Agreement]) -> None:
        """Keep whether results agree."""
        result = compare()
        self.keep({"scenario": scenario, "agreement": result.counts, "faults": result.faults})

    def folder(self, name: str) -> Path:
        """An empty folder of this round."""
        folder = self.home.folder / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return folder

    def _kept(
        self,
        scenario: str,
        contestant: str,
        command: Sequence[str],
        describe: Callable[[Watched], Run],
        **more: Any,
    ) -> Watched | None:
        run = {"scenario": scenario, "contestant": contestant, **more}
        settings = {"ALSOBOUGHT_HOME": str(self.home.folder)}
        try:
            watched = watch(command, self.home.folder, settings, self.machine.timeout)
        except Failed as failed:
            self.keep({**run, "failed": str(failed)})
            return None
        self.keep({**run, **watched.measured(), **describe(watched)})
        return watched

    def _of_project(self, watched: Watched) -> Run:
        """The jobs, and their stages by Spark's event log."""
        jobs = watched.jobs()
        log = newest(self.home.events)
        return {"jobs": jobs, "stages": by_job(stages(log), jobs) if log else {}}


def _of_json(watched: Watched) -> Run:
    described: Run = json.loads(watched.lines[-1].text)
    described.pop("stages", None)
    return described


def _options(as_of: date) -> list[str]:
    return ["--env", ENVIRONMENT, "--as-of", as_of.isoformat()]


def first_night(this: Round) -> None:
    """All files of a year; everyone takes part, and the results must agree."""
    home, name = this.home, "first_night"
    out, lists = this.folder("spark_out") / "purchases", home.folder / "duckdb_lists.parquet"
    given = spark_load.Given(
        [str(file) for file in home.purchase_files],
        str(out),
        str(this.folder("spark_scratch")),
        this.machine.cores,
        this.machine.memory,
        partitions_for(this.data),
        night(0).isoformat(),
    )
    of_spark = this.other(name, SPARK, "benchmarks.files_to_lists.spark_load", given.as_text())
    this.of_spark = of_spark["rows"] if of_spark else None
    shutil.rmtree(out.parent)
    this.duckdb(name, "all", _duckdb_values(this, night(0), lists))
    watched = this.run_jobs(name, JOBS, night(0))
    if watched is None:
        return
    this.printed = [line.text for line in watched.lines]
    purchases, related = home.warehouse / "purchases", home.warehouse / "related_items"
    this.agree(
        name, lambda: agreement.of_lines(home.purchase_files, night(0), purchases, this.of_spark)
    )
    this.agree(name, lambda: agreement.of_pairs(purchases, this.printed))
    if lists.is_file():
        this.agree(name, lambda: agreement.of_lists(related, lists))


def ranking(this: Round) -> None:
    """DuckDB ranks the stored candidates, as related_items did in the first night."""
    warehouse, out = this.home.warehouse, this.home.folder / "duckdb_ranking.parquet"
    values = {
        "candidates": str(files(str(warehouse / "co_purchases"))),
        "catalogue": str(files(str(warehouse / "items"))),
        "support": str(SUPPORT),
        "places": str(PLACES),
        "out": str(out),
    }
    this.duckdb("ranking", "ranking", values)
    if out.is_file():
        related = warehouse / "related_items"
        this.agree("ranking", lambda: agreement.of_ranking(related, out))


def co_purchases(this: Round) -> None:
    """Counting alone: in a process of its own, twice in one session, and by DuckDB."""
    out = this.folder("duckdb_out")
    table = str(this.home.warehouse / "purchases")
    scratch = str(this.folder("duckdb_scratch"))
    task = Task(table, str(out), scratch, this.machine.cores, SUPPORT, 0)
    given = ("duckdb", json.dumps(task.as_dict()))
    this.other("co_purchases", DUCKDB, "benchmarks.contestants.child", *given)
    shutil.rmtree(out)
    this.run_jobs("co_purchases", ["co_purchases", "--force"], night(0))
    _in_one_session(this, "co_purchases_twice", "co_purchases", "co_purchases")


def item_statistics(this: Round) -> None:
    """Counts of single items with those of pairs, in one run."""
    jobs = ["item_statistics", "co_purchases", "--force"]
    this.run_jobs("item_statistics", jobs, night(0))


def small_job(this: Round) -> None:
    """A job of SMALL_ROWS rows: in a session that runs already, and by its own spark-submit."""
    table = this.home.warehouse / "redemptions"
    _in_one_session(this, "small_job_in_session", "engagements", "redemptions")
    shutil.rmtree(table, ignore_errors=True)
    submit = str(Path(sys.executable).with_name("spark-submit"))
    job = str(this.home.folder / "jobs" / "redemptions.py")
    command = [submit, job, *_options(night(0))]
    this.project("small_job_submitted", command, rows=SMALL_ROWS)


def nothing_new(this: Round) -> None:
    """The same files again."""
    this.run_jobs("nothing_new", JOBS, night(0))


def new_day(this: Round) -> None:
    """The day after the year, in a file of its own; DuckDB starts from scratch."""
    this.home.add_new_day()
    lists = this.home.folder / "duckdb_lists.parquet"
    this.duckdb("new_day", "all", _duckdb_values(this, night(1), lists))
    this.run_jobs("new_day", JOBS, night(1))


def late_file(this: Round) -> None:
    """A file of a day months ago."""
    this.home.add_late_file()
    this.run_jobs("late_file", JOBS, night(2))


def changed_file(this: Round) -> None:
    """The last month's file has grown; after it the table must be as if loaded at once."""
    this.home.grow_last_month()
    if this.run_jobs("changed_file", JOBS, night(3)):
        files_now, purchases = this.home.purchase_files, this.home.warehouse / "purchases"
        this.agree("changed_file", lambda: agreement.of_lines(files_now, night(3), purchases))


def _in_one_session(this: Round, scenario: str, *jobs: str) -> None:
    module = "benchmarks.files_to_lists.one_session"
    command = [sys.executable, "-m", module, ENVIRONMENT, night(0).isoformat(), *jobs]
    this.project(scenario, command)


def _duckdb_values(this: Round, as_of: date, lists: Path) -> dict[str, str]:
    return {
        "files": str([str(file) for file in this.home.purchase_files]),
        "items": str(this.home.items_file),
        "as_of": as_of.isoformat(),
        "look_back": str(LOOK_BACK_DAYS),
        "support": str(SUPPORT),
        "top": str(CANDIDATES),
        "places": str(PLACES),
        "out": str(lists),
    }


SCENARIOS: dict[str, Callable[[Round], None]] = {
    "first_night": first_night,
    "ranking": ranking,
    "co_purchases": co_purchases,
    "item_statistics": item_statistics,
    "small_job": small_job,
    "nothing_new": nothing_new,
    "new_day": new_day,
    "late_file": late_file,
    "changed_file": changed_file,
}
NEED_NO_WAREHOUSE = ("first_night",)
