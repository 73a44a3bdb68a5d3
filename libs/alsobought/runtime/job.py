"""A job is a value: what it reads, what it makes of it, the one table that it writes."""

import hashlib
import importlib.util
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import BaseModel
from pyspark.cloudpickle import register_pickle_by_value
from pyspark.sql import DataFrame

from alsobought.errors import ConfigError
from alsobought.runtime.config import Environment, sections_of
from alsobought.runtime.preparation import Prepare as Prepare
from alsobought.tables.outcome import JudgedRows, Outcome
from alsobought.tables.table import Table


@dataclass(frozen=True)
class Files:
    """An input that is not a table: the files of one [sources] section."""

    section: str

    @property
    def name(self) -> str:
        """How the section is called in the TOML."""
        return f"sources.{self.section}"


@dataclass(frozen=True)
class EarlierDays:
    """Inputs that a job reads of as-of days before its own: it gets them as tables.DatedRows.

    A day that such a table does not have gives no rows, and so does a table that is not built yet.
    """

    inputs: tuple[str, ...]
    days: Callable[[Any, date], Sequence[date]]
    """The days, by the job's params and its as-of day."""
    others: Callable[[Any], Sequence[Table]] | None = None
    """Tables of other programs that the params name, with the columns that the job wants of them;
    the transformation gets them as `others`, by table name. None: no params name any."""
    made_of: str | None = None
    """An input of the job's that the other inputs were made of: each day's rows come with it as
    their runs had read it (DatedRows.made_of)."""


@dataclass(frozen=True)
class Arrival:
    """What must be in a job's table after a run, lest later jobs count a day that is half there."""

    column: str
    """The column of times by whose days, UTC, rows are counted."""
    days: Callable[[Any, date], Sequence[date]]
    """The days whose rows are counted, by the job's params and its as-of day; none: no demand."""
    judge: Callable[[Mapping[tuple[str, date], int], Any, date], None]
    """Raises JobError where rows are missing, by the rows of each market and day, params, as-of."""


@dataclass(frozen=True)
class Gate:
    """What a job decides about, by the names of its inputs; it gets `serving` besides them."""

    promotes: tuple[str, ...]
    """Inputs whose rows of the day may become those that are served."""
    evaluations: str
    """The input that judges them, of which it gets the rows of the as-of day; there may be none."""


@dataclass(frozen=True)
class Job:
    """A pure transformation, and the parameters and inputs to call it with.

    `transform` takes one DataFrame per entry of `reads`, by that name, then `params` and `as_of`,
    and returns an Outcome, or the rows of `writes` alone; one that reads source files may return
    JudgedRows.
    """

    transform: Callable[..., DataFrame | Outcome | JudgedRows]
    params: type[BaseModel]
    reads: Mapping[str, Table | Files]
    writes: Table
    as_files: tuple[str, ...] = field(default=(), kw_only=True)
    """Inputs that the transformation gets as tables.Stored: their rows and their files."""
    only_with: Mapping[str, Sequence[str]] = field(default_factory=dict, kw_only=True)
    """Inputs that are None unless the TOML has one of some settings, named as in baskets.after."""
    prepare: Prepare | None = field(default=None, kw_only=True)
    """A step before the transformation, which gets its result, as `prepared`, instead of inputs.
    Jobs of one run that would prepare the same share it."""
    rejects: Table | None = field(default=None, kw_only=True)
    """Where the rows go that a job of JudgedRows rejects."""
    earlier: EarlierDays | None = field(default=None, kw_only=True)
    """Which inputs are read of other days than the run's."""
    gate: Gate | None = field(default=None, kw_only=True)
    """What the job decides to serve: it gets `serving` besides its inputs."""
    arrival: Arrival | None = field(default=None, kw_only=True)
    """What must have arrived of the last day: where it has not, the rows stay and the run fails."""
    source_hash: str = field(default="", kw_only=True)
    """That of the job file, by which a run sees that it was edited; filled in by `load`."""

    @property
    def name(self) -> str:
        """The job is called like its table, its file, its TOML section and its Airflow task."""
        return self.writes.name

    @property
    def source(self) -> Files | None:
        """The source files that the job reads, if it reads any."""
        return next((source for source in self.reads.values() if isinstance(source, Files)), None)

    def inputs_in(self, environment: Environment) -> dict[str, Table | Files]:
        """The inputs that there are in an environment; the job gets None for the others."""
        return {
            name: source
            for name, source in self.reads.items()
            if any(map(environment.has, self.only_with.get(name, [None])))
            and (isinstance(source, Files) or environment.wants(source))
        }

    @property
    def read_apart(self) -> tuple[str, ...]:
        """The inputs that are not read of the run's own day, or may lack it."""
        earlier = () if self.earlier is None else self.earlier.inputs
        return earlier if self.gate is None else (*earlier, self.gate.evaluations)

    @property
    def needs(self) -> list[str]:
        """The sections of the TOML that the job cannot do without, such as sources.offers."""
        files = [source.name for source in self.reads.values() if isinstance(source, Files)]
        shared = sections_of([self.params])
        required = [n for n, field in self.params.model_fields.items() if field.is_required()]
        job_section = [f"jobs.{self.name}"] if set(required) - shared.keys() else []
        return [*files, *(name for name in shared if name in required), *job_section]


def all_jobs(home: Path) -> dict[str, Job]:
    """Every job of the project's jobs/, by name."""
    return {path.stem: load(home, path.stem) for path in sorted((home / "jobs").glob("*.py"))}


def load(home: Path, name: str) -> Job:
    """The job of jobs/<name>.py. Raises ConfigError where there is no such file."""
    path = home / "jobs" / f"{name}.py"
    if not path.is_file():
        names = ", ".join(sorted(p.stem for p in (home / "jobs").glob("*.py")))
        raise ConfigError(f"No job is called {name!r}; there are: {names}.")
    module = sys.modules.get(f"alsobought_jobs.{name}")
    if module is None or module.__file__ != str(path):
        module = _imported(f"alsobought_jobs.{name}", path)
    job = getattr(module, "JOB", None)
    if not isinstance(job, Job) or job.name != name:
        raise ConfigError(f"{path} has no JOB that writes the table {name}.")
    return job


def source_hash(source: bytes) -> str:
    """The hash of a job file's text."""
    return hashlib.sha256(source).hexdigest()


def _imported(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ConfigError(f"{path} is not a Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        as_imported = source_hash(path.read_bytes())
        spec.loader.exec_module(module)
    except BaseException as error:
        del sys.modules[name]  # half a module must not pass for a whole one
        if not isinstance(error, Exception):
            raise
        said = str(error).splitlines()[0] if str(error) else "no reason given"
        raise ConfigError(
            f"{path} cannot be loaded ({type(error).__name__}: {said.rstrip('.')}): correct it; if "
            f"it is the package's own, of another version, take that of this one."
        ) from error
    # Executors have no jobs/: a function of a job file travels to them with its code.
    register_pickle_by_value(module)  # type: ignore[no-untyped-call]
    job = getattr(module, "JOB", None)
    if isinstance(job, Job):
        vars(module)["JOB"] = replace(job, source_hash=as_imported)
    return module


def with_upstream(jobs: Mapping[str, Job], names: Sequence[str]) -> list[Job]:
    """The jobs and every job that they wait for, each after those that write what it reads."""
    order: dict[str, Job] = {}

    def visit(job: Job) -> None:
        for table in job.reads.values():
            if isinstance(table, Table):
                if table.name not in jobs:
                    raise ConfigError(
                        f"{job.name} reads {table.name}, but there is no jobs/{table.name}.py."
                    )
                visit(jobs[table.name])
        order.setdefault(job.name, job)

    for name in names:
        visit(jobs[name])
    return list(order.values())


def configured(ordered: Sequence[Job], environment: Environment) -> tuple[list[Job], list[str]]:
    """The jobs whose sections the environment has, and every section that the others lack.

    A job that waits for one that is left out is left out too; but none misses a table that the
    environment does without (`Table.only_with`).
    """
    out: set[str] = set()
    lacking: dict[str, None] = {}
    wanted = [job for job in ordered if environment.wants(job.writes)]
    for job in wanted:
        lacks = environment.lacks(job.needs)
        if lacks or out & {source.name for source in job.inputs_in(environment).values()}:
            out.add(job.name)
            lacking |= dict.fromkeys(lacks)
    return [job for job in wanted if job.name not in out], list(lacking)
