"""Running jobs: read, transform, judge, write, tell. The one place that ties the rooms together."""

import json
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from operator import attrgetter
from pathlib import Path
from typing import Any

import typer
from pydantic import BaseModel
from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession

from alsobought import __version__
from alsobought.errors import JobError
from alsobought.runtime import config, home, loading, progress, session
from alsobought.runtime.amounts import Done
from alsobought.runtime.arguments import AsOf, Debug, Env, PinInputs, Reload, day
from alsobought.runtime.config import Demand, Environment
from alsobought.runtime.day_counts import require_arrived
from alsobought.runtime.faults import guarded
from alsobought.runtime.job import Job, source_hash
from alsobought.runtime.job_inputs import Inputs
from alsobought.runtime.journal import Journal, log_folder, new_run_id
from alsobought.runtime.judged_load import Rejects
from alsobought.runtime.pinned_inputs import Pinned, pinned_inputs, why_not_pinned
from alsobought.runtime.preparation import Preparation
from alsobought.runtime.serving import Gated
from alsobought.runtime.store import Store, TableVersion, warehouse_path
from alsobought.runtime.unchanged import made_already
from alsobought.tables.outcome import JudgedRows, Outcome


@dataclass(frozen=True)
class Context:
    """Where and when jobs run: the project's folder, the environment, the as-of day."""

    home: Path
    name: str
    environment: Environment
    as_of: date
    reload: bool = False
    """Whether source files are read again that have not changed."""
    skips: bool = False
    """Whether jobs are left out that would make again what they have made."""
    resumes: bool = False
    """Whether jobs are left out too that have read their source files for this day."""
    pins: bool = False
    """Whether jobs read the versions again that their last runs for this day had read."""
    run_id: str | None = None
    """The run's own name, by which it is recorded; None: it is not recorded."""

    @property
    def warehouse(self) -> str:
        """The warehouse as an absolute path, or as the URI that it is."""
        return warehouse_path(self.home, self.environment.warehouse)

    @property
    def journal(self) -> Journal:
        """Where the run is recorded."""
        logs = log_folder(self.home, self.warehouse, self.environment.logs)
        return Journal(self.warehouse, logs, self.name, self.as_of, self.run_id)


def context(
    root: Path, env: str, as_of: date, jobs: Sequence[Job], every: Iterable[Job] | None = None
) -> Context:
    """The context of a run, with the environment's TOML checked for `jobs`.

    With `every` job of the project at hand, sections that none of them asks for are faults too, as
    are those of the parameters of jobs that do not run.
    """
    demands = None if every is None else _demands(every)
    return Context(root, env, config.load(root, env, _demands(jobs), demands), as_of)


def _demands(jobs: Iterable[Job]) -> dict[str, Demand]:
    return {job.name: Demand(job.params, job.needs, job.writes.only_with) for job in jobs}


def run_all(jobs: Sequence[Job], where: Context, *, debug: bool = False) -> None:
    """Run the jobs in the given order in one Spark session, and print what each did."""
    name, section = jobs[-1].name, jobs[-1].writes.only_with
    jobs = [job for job in jobs if where.environment.wants(job.writes)]
    if not jobs:
        progress.OUT.print(f"{name}: nothing to do without [{section}]", markup=False)
        return
    require_writable(where.warehouse)
    where = replace(where, run_id=new_run_id())
    with where.journal.failure(jobs[0].name, jobs[0].writes):
        spark = session.build(jobs[-1].name, where.environment.spark, debug=debug)
    try:
        execute_all(jobs, where, spark)
    finally:
        spark.stop()


def execute_all(jobs: Sequence[Job], where: Context, spark: SparkSession) -> None:
    """Run the jobs in a session that is there already; what two of them prepare is made once."""
    with closing(Preparation()) as preparation:
        for number, job in enumerate(jobs, 1):
            execute(job, where, spark, preparation)
            preparation.keep_for(later.prepare for later in jobs[number:])


def execute(job: Job, where: Context, spark: SparkSession, preparation: Preparation) -> None:
    """Run one job in a session that is there already, and print its account."""
    journal = where.journal.with_session(spark)
    with progress.shown(spark, job.name) as say, journal.recorded(job.name, job.writes) as figures:
        began, shuffled = time.monotonic(), session.shuffled_bytes(spark)
        store = Store(spark, where.warehouse, where.environment.workers_have_keys)
        params = where.environment.params(job.name, job.params)
        reason = _left_out(job, where, store, params)
        done = (
            Done(f"skipped, {reason}", [], is_unchanged=True)
            if reason
            else _done(job, where, store, (params, preparation))
        )
        seconds, moved = time.monotonic() - began, session.shuffled_bytes(spark) - shuffled
        figures.of(done, moved)
        measured = "" if reason else f" in {seconds:.1f} s, {moved / 1e6:,.0f} MB shuffled"
        say(f"{job.name}: {done.what}{measured}", done.sentences)
        require_arrived(job, store, params, where.as_of)


def _done(job: Job, where: Context, store: Store, prepared: tuple[BaseModel, Preparation]) -> Done:
    """Read, transform, judge and write."""
    params, preparation = prepared
    lines = _lines(job, where, store, params)
    if lines is not None and lines.nothing_is_due:
        return loading.nothing_new(lines)
    pinned = pinned_inputs(job, store, where.as_of) if where.pins else None
    of_job = Inputs(job, where.environment, where.as_of, pinned)
    inputs, versions, read = of_job.read(store, params, lines)
    if job.gate is not None:
        tables = job.inputs_in(where.environment)
        gated = Gated(job.gate, where.home, where.as_of).read(store, tables, versions)
        inputs, versions = inputs | gated.inputs, versions | gated.versions
    run = _run(job, where, params, versions)
    if job.prepare is not None:
        of_inputs = inputs, versions
        inputs = {"prepared": preparation.of(job.prepare, of_inputs, params, where.as_of)}
    transformed = job.transform(**inputs, params=params, as_of=where.as_of)
    if lines is not None and isinstance(transformed, JudgedRows):
        return loading.write_judged(store, lines, transformed, run)
    assert not isinstance(transformed, JudgedRows)  # of what, without source files?
    rows, sentences = _write(job, store, transformed, (run, lines))
    if pinned is not None:
        sentences = [*sentences, *_what_is_pinned(pinned, params)]
    return Done(f"{rows:,} rows", sentences, read, rows)


def _what_is_pinned(pinned: Pinned, params: BaseModel) -> list[str]:
    versions = ", ".join(f"{n} {v}" for n, v in sorted(pinned.run["read_versions"].items()))
    changed = ", ".join(pinned.changed_parameters(params))
    differ = [f"parameters have changed since that run: {changed}"] if changed else []
    return [f"read again, the versions of the last run for {pinned.as_of}: {versions}", *differ]


def _left_out(job: Job, where: Context, store: Store, params: BaseModel) -> str | None:
    """Why the job does not run, in a phrase; None: it does."""
    if where.pins:
        return why_not_pinned(job)
    if not where.skips:
        return None
    reads = job.inputs_in(where.environment)
    if job.earlier is not None and job.earlier.others is not None:
        reads |= {table.name: table for table in job.earlier.others(params)}
    return made_already(
        replace(job, reads=reads), store, where.as_of, params, resumes=where.resumes
    )


def _run(
    job: Job, where: Context, params: BaseModel, versions: dict[str, TableVersion]
) -> dict[str, Any]:
    """What a commit's userMetadata records of its run, but the account."""
    named = {} if where.run_id is None else {"run_id": where.run_id}
    return named | {
        "job": job.name,
        "as_of": where.as_of.isoformat(),
        "environment": where.name,
        "code_version": __version__,
        "job_hash": job.source_hash,
        "parameters": params.model_dump(mode="json"),
        "read_versions": {name: version.number for name, version in versions.items()},
        "read_tables": {name: version.table_id for name, version in versions.items()},
    }


def _write(
    job: Job,
    store: Store,
    transformed: DataFrame | Outcome,
    run_and_lines: tuple[dict[str, Any], loading.Reading | None],
) -> tuple[int, list[str]]:
    """Write what a step made, unless its account refuses it; returns the rows, and sentences.

    `run` gets the account, and of a job that reads source files the name of their record.
    """
    run, lines = run_and_lines
    outcome = transformed if isinstance(transformed, Outcome) else Outcome(transformed)
    with _kept_on_disk(outcome):
        sentences, account = _judged(outcome)
        run["account"] = account
        if lines is not None:
            if lines.before[0] is None:
                store.create(job.writes)  # in a folder with anything in it Delta creates no table
            run[loading.POINTER] = lines.record(store)
        rows = store.write(job.writes, outcome, date.fromisoformat(run["as_of"]), run)
    return rows, sentences


@contextmanager
def _kept_on_disk(outcome: Outcome) -> Iterator[None]:
    """Keep what the job reads more than once on the executors' disks until it has ended.

    The one place that persists a job's DataFrames; Spark reads them from there in every plan that
    has not been run yet.
    """
    reused = outcome.reused
    if reused is None:
        reused = () if outcome.account is None else (outcome.frame,)
    for rows in reused:
        rows.persist(StorageLevel.DISK_ONLY)
    try:
        yield
    finally:
        for rows in reused:
            rows.unpersist()


def _lines(job: Job, where: Context, store: Store, params: BaseModel) -> loading.Reading | None:
    """What the job must read of its source files; None where it reads none."""
    if job.source is None:
        return None
    section = attrgetter(job.source.name)(params)
    rejects = None if job.rejects is None else Rejects(job.rejects, job.source.section)
    sources = getattr(params, "sources", None)
    target = loading.Target(job.writes, rejects, where.as_of, sources)
    return loading.reading(store, section, where.home, target, reload=where.reload)


def _judged(outcome: Outcome) -> tuple[list[str], dict[str, Any]]:
    """What is worth knowing in sentences, and as JSON for the commit; refuses what is not good."""
    notes = {"notes": outcome.notes} if outcome.notes else {}
    if outcome.account is None:
        return outcome.notes, notes
    row = outcome.account.collect()[0]
    sentences = [*outcome.notes, *outcome.judge(row)]
    return sentences, json.loads(json.dumps(row.asDict(recursive=True) | notes, default=str))


def require_writable(warehouse: str) -> None:
    """Raise JobError where files cannot be made in a local warehouse."""
    if "://" in warehouse:
        return
    probe = Path(warehouse) / f".writable-{time.monotonic_ns()}"
    try:
        Path(warehouse).mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise JobError(
            f"The warehouse {warehouse} cannot be written ({error.strerror}): "
            f"correct its permissions, or 'warehouse' in the environment's TOML."
        ) from None


def main(job: Job) -> None:
    """The command line of a job file: spark-submit jobs/<job>.py --env E --as-of D.

    Also --debug, --pin-inputs, and --reload where the job reads source files.
    """

    def command(
        env: Env,
        as_of: AsOf,
        reload: Reload = False,
        pin_inputs: PinInputs = False,
        debug: Debug = False,
    ) -> None:
        with guarded(debug=debug):
            path = Path(sys.argv[0]).resolve()
            here = replace(job, source_hash=source_hash(path.read_bytes()))
            where = context(home.find(path.parent), env, day(as_of), [here])
            run_all([here], replace(where, reload=reload, pins=pin_inputs), debug=debug)

    command.__doc__ = job.writes.meaning
    typer.run(command)
