"""The command `check`: whether a run would start, and which rows it would reject."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, get_args

import typer
from pydantic import BaseModel, ValidationError

from alsobought.commands import source_checks
from alsobought.commands.options import Options, command
from alsobought.commands.printing import Number, Text, grid, say
from alsobought.commands.source_checks import FirstRows, Judged
from alsobought.copurchase.settings import Exclusions, Items
from alsobought.errors import ConfigError, Fault, JobError
from alsobought.ingest.proposal.spelling import nearest
from alsobought.ingest.settings import Source, Sources
from alsobought.runtime import config, home, readiness, session
from alsobought.runtime import job as jobs
from alsobought.runtime.arguments import EnvArgument, day
from alsobought.runtime.config import Demand, Environment, sections_of
from alsobought.runtime.job import Job
from alsobought.runtime.store import warehouse_path

EXAMPLES = ("alsobought check shop", "alsobought check shop --as-of 2026-02-01")
EXAMPLE = 100  # characters of a row
FEW_ROWS = {
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}
LATEST = date(9999, 12, 31)  # where no day is given, everything lies before it


@dataclass(frozen=True, kw_only=True)
class CheckOptions(Options):
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
    _print(faults, [*notes, *source_checks.charges(first, _exclude(raw))])
    if environment is not None and not of_machine:
        as_of = day(options.as_of) if options.as_of else LATEST
        sound = [name for name, rows in first.items() if not rows.faults]
        chosen = [job for job in every.values() if job.source and job.source.section in sound]
        of_rows = _by_spark(chosen, environment, root, as_of, debug=options.debug)
        _print(of_rows)
        faults += of_rows
    else:
        say("note: the rows are looked at once the TOML and the machine are right.")
    if faults:
        say(f"{len(faults)} fault{'s' * (len(faults) > 1)}: a run would not start.")
        raise typer.Exit(1)
    say("No fault: a run would start.")


def _print(faults: Iterable[Fault], notes: Iterable[str] = ()) -> None:
    for fault in faults:
        say(f"fault: {fault.key}: {fault.wrong}. {fault.cure}".rstrip())
    for note in notes:
        say(f"note: {note}")


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


def _by_spark(
    chosen: list[Job], environment: Environment, root: Path, as_of: date, *, debug: bool
) -> list[Fault]:
    """What only Spark can tell: whether it starts, what a URI leads to, what the rules reject."""
    if not chosen and "://" not in environment.warehouse:
        return []
    try:
        spark = session.build("check", _quick(environment.spark), debug=debug)
    except JobError as error:
        return [Fault("spark", *source_checks.in_parts(error))]
    try:
        faults = source_checks.uri_faults(spark, warehouse_path(root, environment.warehouse))
        judged = {
            job.name: source_checks.judged_rows(spark, job, environment, root, as_of)
            for job in chosen
        }
    finally:
        spark.stop()
    for name, of_source in judged.items():
        say(*(f"{name}, of the first rows: {said}" for said in of_source.sentences))
    _print_examples(judged)
    return [*faults, *(fault for of_source in judged.values() for fault in of_source.faults)]


def _quick(settings: Mapping[str, str]) -> dict[str, str]:
    """The settings of Spark for few rows: compiling queries would take longer than they do."""
    java = f"-XX:TieredStopAtLevel=1 {settings.get(session.JAVA_OPTIONS, '')}".strip()
    return {**settings, **FEW_ROWS, session.JAVA_OPTIONS: java}


def _print_examples(judged: Mapping[str, Judged]) -> None:
    rows = [
        [name, reason, f"{count:,}", example[:EXAMPLE]]
        for name, of_source in judged.items()
        for reason, (count, example) in of_source.examples.items()
    ]
    if rows:
        grid([Text("source"), Text("rejected for"), Number("rows"), Text("one of them")], rows)
