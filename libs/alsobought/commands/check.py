"""The command `check`: whether a run would start, and which rows it would reject."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, get_args

import typer
from pydantic import BaseModel, ValidationError

from alsobought.commands import source_checks
from alsobought.commands.options import RowOptions, command
from alsobought.commands.printing import Number, Text, grid, rows_for_programs, say
from alsobought.commands.source_checks import FirstRows, Judged
from alsobought.commands.unrelated_items import likely_no_products
from alsobought.errors import ConfigError, Fault, JobError
from alsobought.ingest.proposal.spelling import nearest
from alsobought.ingest.settings import Source, Sources
from alsobought.products import Exclusions, Items
from alsobought.runtime import config, home, readiness, session
from alsobought.runtime import job as jobs
from alsobought.runtime.arguments import EnvArgument, day
from alsobought.runtime.config import Demand, Environment, sections_of
from alsobought.runtime.job import Job
from alsobought.runtime.run import Context
from alsobought.runtime.store import warehouse_path
from alsobought.runtime.warehouse import Warehouse

EXAMPLES = ("alsobought check shop", "alsobought check shop --as-of 2026-02-01 --json")
EXAMPLE = 100  # characters of a row
FEW_ROWS = {
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}
LATEST = date(9999, 12, 31)  # where no day is given, everything lies before it


@dataclass(frozen=True, kw_only=True)
class CheckOptions(RowOptions):
    """What `check` takes."""

    env: EnvArgument
    as_of: Annotated[
        str | None,
        typer.Option(metavar="YYYY-MM-DD", help="The day of the run; without it every day counts."),
    ] = None


@command
def check(options: CheckOptions) -> None:
    """Say whether a run would start: every fault, its key and its cure; writes nothing.

    Looks at the TOML, the files and their headers, Java, jars, memory and disk, then has the first
    rows of every source judged by its rules. The exit code is 1 where a run would not start.
    """
    root = home.find()
    raw = config.parsed(root, options.env)
    every = jobs.all_jobs(root)
    environment, of_toml = _environment(root, options.env, every)
    first = {
        name: source_checks.first_rows(name, source, root) for name, source in _sources(raw).items()
    }
    of_machine = [*readiness.machine_faults(_spark_settings(raw)), *_of_warehouse(raw, root, first)]
    faults = [*of_toml, *of_machine, *(fault for rows in first.values() for fault in rows.faults)]
    notes = [*(note for rows in first.values() for note in rows.notes)]
    notes += [*source_checks.charges(first, _exclude(raw)), *_of_tables(raw, root)]
    say_of(options, *map(_fault_line, faults), *(f"note: {note}" for note in notes))
    judged: dict[str, Judged] = {}
    if environment is not None and not of_machine:
        as_of = day(options.as_of) if options.as_of else LATEST
        sound = [name for name, rows in first.items() if not rows.faults]
        chosen = [job for job in every.values() if job.source and job.source.section in sound]
        where = Context(root, options.env, environment, as_of)
        of_uri, judged = _by_spark(chosen, where, debug=options.debug)
        of_rows = [*of_uri, *(fault for of_source in judged.values() for fault in of_source.faults)]
        faults += of_rows
        _print_judged(options, judged)
        say_of(options, *map(_fault_line, of_rows))
    else:
        say_of(options, "note: the rows are looked at once the TOML and the machine are right.")
    if options.is_for_programs:
        rows_for_programs([*_findings(faults, notes, judged)], as_csv=options.as_csv)
    if faults:
        say_of(options, f"{len(faults)} fault{'s' * (len(faults) > 1)}: a run would not start.")
        raise typer.Exit(1)
    say_of(options, "No fault: a run would start.")


def say_of(options: RowOptions, *lines: str) -> None:
    """Print lines that people read; nothing where programs do."""
    if lines and not options.is_for_programs:
        say(*lines)


def _fault_line(fault: Fault) -> str:
    return f"fault: {fault.key}: {fault.wrong}. {fault.cure}".rstrip()


def _findings(
    faults: Iterable[Fault], notes: Iterable[str], judged: Mapping[str, Judged]
) -> Iterator[dict[str, Any]]:
    """Everything that was looked at and is worth a word, as rows for programs."""
    nothing = {"key": None, "cure": None, "rows": None, "example": None}
    for fault in faults:
        of_fault = {"key": fault.key, "said": fault.wrong, "cure": fault.cure}
        yield {"kind": "fault", **nothing, **of_fault}
    for note in notes:
        yield {"kind": "note", **nothing, "said": note}
    for name, of_source in judged.items():
        for reason, (rows, example) in of_source.examples.items():
            of_reason = {"key": f"sources.{name}", "said": reason, "rows": rows, "example": example}
            yield {"kind": "rejected", **nothing, **of_reason}


def _environment(
    root: Path, env: str, every: Mapping[str, Job]
) -> tuple[Environment | None, list[Fault]]:
    """The environment, and what is wrong with its TOML; jobs without a section are left out."""
    demands = {name: Demand(job.params, job.needs) for name, job in every.items()}
    sections = sections_of(job.params for job in every.values())
    chosen: list[Job] = []
    try:
        everything = config.load_sections(root, env, *sections.values())
        chosen, _ = jobs.configured(jobs.with_upstream(every, list(every)), everything)
    except ConfigError:
        pass  # the next line names all faults
    try:
        wanted = {job.name: demands[job.name] for job in chosen}
        return config.load(root, env, wanted, demands), []
    except ConfigError as error:
        keys = set(_keys([demand.params for demand in demands.values()]))
        return None, [_fault(phrase, keys) for phrase in error.faults]


def _fault(phrase: str, keys: set[str]) -> Fault:
    """A fault of the TOML as it is phrased, with the key that is meant where one is unknown."""
    key, _, wrong = phrase.partition(" ")
    if not wrong.endswith("is not a known key"):
        return Fault(key, wrong, "Correct it.")
    near = nearest(key.rpartition(".")[2], sorted(keys))
    return Fault(key, wrong, f"Is it {near}?" if near else "docs/configuration.md has every key.")


def _keys(kinds: Iterable[Any]) -> Iterator[str]:
    """The keys of these types of settings, and of those within them."""
    for kind in kinds:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from kind.model_fields
            yield from _keys(field.annotation for field in kind.model_fields.values())
        else:
            yield from _keys(get_args(kind))


def _sources(raw: Mapping[str, Any]) -> dict[str, Source]:
    """Those of the sources that are right by themselves."""
    sections = raw.get("sources", {})
    sources = {}
    for name, field in Sources.model_fields.items():
        kind = next(k for k in (field.annotation, *get_args(field.annotation)) if _is_source(k))
        try:
            if name in sections:
                sources[name] = kind.model_validate(sections[name])
        except ValidationError:
            continue  # one of the TOML's faults
    return sources


def _is_source(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Source)


def _exclude(raw: Mapping[str, Any]) -> Exclusions:
    try:
        return Items.model_validate(raw.get("items", {})).exclude
    except ValidationError:
        return Exclusions()  # one of the TOML's faults


def _spark_settings(raw: Mapping[str, Any]) -> dict[str, str]:
    settings = raw.get("spark", {})
    return {key: value for key, value in settings.items() if isinstance(value, str)}


def _of_warehouse(
    raw: Mapping[str, Any], root: Path, first: Mapping[str, FirstRows]
) -> list[Fault]:
    if not isinstance(raw.get("warehouse"), str):
        return []
    path = warehouse_path(root, raw["warehouse"])
    return list(readiness.warehouse_faults(path, sum(rows.bytes for rows in first.values())))


def _of_tables(raw: Mapping[str, Any], root: Path) -> list[str]:
    """What the tables of an earlier run say of items that are likely no products."""
    if not isinstance(raw.get("warehouse"), str):
        return []
    warehouse = Warehouse(warehouse_path(root, raw["warehouse"]))
    try:
        return likely_no_products(warehouse, _exclude(raw))
    except JobError as error:  # an environment may be checked whose tables cannot be reached yet
        return [str(error)]


def _by_spark(
    chosen: list[Job], where: Context, *, debug: bool
) -> tuple[list[Fault], dict[str, Judged]]:
    """What only Spark can tell: whether it starts, what a URI leads to, what the rules reject."""
    environment = where.environment
    if not chosen and "://" not in environment.warehouse:
        return [], {}
    try:
        spark = session.build("check", _quick(environment.spark), debug=debug)
    except JobError as error:
        return [Fault("spark", *source_checks.in_parts(error))], {}
    try:
        faults = source_checks.uri_faults(spark, warehouse_path(where.home, environment.warehouse))
        judged = {
            job.name: source_checks.judged_rows(spark, job, environment, where.home, where.as_of)
            for job in chosen
        }
    finally:
        spark.stop()
    return faults, judged


def _quick(settings: Mapping[str, str]) -> dict[str, str]:
    """The settings of Spark for few rows: compiling queries would take longer than they do."""
    java = f"-XX:TieredStopAtLevel=1 {settings.get(session.JAVA_OPTIONS, '')}".strip()
    return {**settings, **FEW_ROWS, session.JAVA_OPTIONS: java}


def _print_judged(options: RowOptions, judged: Mapping[str, Judged]) -> None:
    """Print what the rules made of the first rows of each source, with an example a reason."""
    if options.is_for_programs:
        return
    for name, of_source in judged.items():
        say(*(f"{name}, of the first rows: {said}" for said in of_source.sentences))
    rows = [
        [name, reason, f"{count:,}", example[:EXAMPLE]]
        for name, of_source in judged.items()
        for reason, (count, example) in of_source.examples.items()
    ]
    if rows:
        grid([Text("source"), Text("rejected for"), Number("rows"), Text("one of them")], rows)
