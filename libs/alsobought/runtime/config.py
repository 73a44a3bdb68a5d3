"""conf/<env>.toml as values: every fault named at once, nothing defaulted silently."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeVar, cast, get_args

from pydantic import (
    BaseModel,
    Field,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    create_model,
    field_validator,
)

from alsobought.errors import ConfigError
from alsobought.runtime.redaction import is_secret, masked, secret_faults
from alsobought.settings import Count, Days, Section, Settings
from alsobought.storage import is_in_bucket
from alsobought.tables.table import Table

P = TypeVar("P", bound=BaseModel)
S = TypeVar("S", bound=Section)


class Maintenance(Settings):
    """[maintenance]: what `alsobought maintain` drops, joins and removes."""

    keep_days: Days
    """As-of days of every table, before the day of the maintenance, that are kept."""
    keep_days_of: dict[str, Days] = Field(default={})
    """The same of single tables."""
    rollback_days: Days
    """Lists that were served in so many days stay as they were, to be served again."""
    vacuum_days: Days
    """Files that have gone out of a table's newest version are removed after so many days."""
    file_mb: Count = 8
    """Files that are smaller are joined, up to this size."""


class Report(Settings):
    """[report]: what `alsobought report` may show of customers."""

    customers: list[str] = Field(default=[], max_length=100)
    """Customers whose purchases and recommendations are shown; no other is named."""


class Environment(Settings):
    """One conf/<env>.toml; a subclass made by `environment_type` has the shared sections too."""

    warehouse: str
    """Folder or URI of the Delta tables; a relative one lies in the project's folder."""
    workers_have_keys: bool = False
    """Of a warehouse on s3a://: whether the environments of driver and workers have the bucket's
    keys, so that they read and write its files themselves."""
    logs: str | None = None
    """Folder of the runs' logs; None: beside a warehouse on a path, none for one on a URI."""
    maintenance: Maintenance | None = None
    """None: `alsobought maintain` has nothing to go by."""
    report: Report | None = None
    """None: the report names no customer."""
    spark: dict[str, str]
    """Settings of the Spark session."""
    jobs: dict[str, dict[str, Any]]
    """The parameters of each job, checked against the job's own Params."""
    _raw: dict[str, Any] = PrivateAttr(default_factory=dict)
    """The TOML as it is: a job that runs alone is not checked against other jobs' sections."""

    @field_validator("workers_have_keys")
    @classmethod
    def _of_a_bucket(cls, have_keys: bool, info: ValidationInfo) -> bool:
        warehouse = info.data.get("warehouse")  # none: it has a fault of its own
        if have_keys and warehouse is not None and not is_in_bucket(warehouse):
            raise ValueError("is for a warehouse on s3a:// alone")
        return have_keys

    @field_validator("logs")
    @classmethod
    def _on_a_path(cls, folder: str | None) -> str | None:
        if folder is not None and "://" in folder:
            raise ValueError("must be a folder on a path, for lines are added to files there")
        return folder

    def section(self, kind: type[S]) -> S:
        """The environment's section of that type. Raises ConfigError where the TOML has none."""
        section: S | None = getattr(self, kind.section)
        if section is None:
            raise ConfigError(f"The environment has no [{kind.section}]: add it to its TOML.")
        return section

    def params(self, job: str, kind: type[P]) -> P:
        """The job's parameters: its own section, and the shared ones that `kind` asks for.

        Raises pydantic's ValidationError with every fault.
        """
        shared = {name: getattr(self, name) for name in sections_of([kind])}
        return kind.model_validate({**self.jobs.get(job, {}), **shared})

    def wants(self, table: Table) -> bool:
        """Whether there is such a table: the TOML has the section that it comes with, if any."""
        return self.has(table.only_with)

    def has(self, section: str | None) -> bool:
        """Whether the TOML has the section, which is named as in baskets.after; None: yes."""
        value: Any = self._raw
        for part in section.split(".") if section else []:
            value = value.get(part) if isinstance(value, dict) else None
        return value is not None

    def lacks(self, sections: Sequence[str]) -> list[str]:
        """Those of `sections` that the TOML does not have: sources.offers, jobs.items, ..."""
        return [section for section in sections if not self._has(section)]

    def _has(self, section: str) -> bool:
        top, _, name = section.partition(".")
        if top == "jobs":
            return name in self.jobs
        return getattr(self, top) is not None and attrgetter(section)(self) is not None


def sections_of(kinds: Iterable[type[BaseModel]]) -> dict[str, type[Section]]:
    """Every shared section that parameters of these types ask for, by its name in the TOML."""
    return {
        part.section: part
        for kind in kinds
        for field in kind.model_fields.values()
        for part in (field.annotation, *get_args(field.annotation))
        if isinstance(part, type) and issubclass(part, Section)
    }


def environment_type(
    sections: Mapping[str, type[Section]], order: Iterable[str] = ()
) -> type[Environment]:
    """Environment with these sections, each None where the TOML leaves it out.

    `order` is that of the TOML's keys, and the order in which faults are named.
    """
    place = {name: i for i, name in enumerate(order)}
    names = sorted(sections, key=lambda name: place.get(name, len(place)))
    fields: dict[str, Any] = {name: (sections[name] | None, None) for name in names}
    return cast(type[Environment], create_model("Environment", __base__=Environment, **fields))


def path_of(home: Path, name: str) -> Path:
    """The file of the environment `name`."""
    return home / "conf" / f"{name}.toml"


def environments(home: Path) -> list[str]:
    """The environments that there are, sorted."""
    return sorted(path.stem for path in (home / "conf").glob("*.toml"))


@dataclass(frozen=True)
class Demand:
    """What a job asks of an environment: its parameters, and the sections it cannot do without."""

    params: type[BaseModel]
    needs: Sequence[str] = ()
    only_with: str | None = None
    """The section without which the job does nothing, so that it asks for nothing either."""


def load(
    home: Path,
    name: str,
    demands: Mapping[str, Demand],
    every: Mapping[str, Demand] | None = None,
) -> Environment:
    """The environment `name`, checked for the jobs of these `demands`.

    `every` has the demands of all jobs of the project: a table of the TOML that none asks for is an
    unknown key, and the parameters of jobs that do not run are checked too. None: only what the
    demands ask for is looked at. Raises ConfigError: no such environment, TOML that cannot be
    parsed, or all faults of keys, types and values and all missing sections in one sentence.
    """
    raw = parsed(home, name)
    job_sections = raw.get("jobs")
    job_sections = job_sections if isinstance(job_sections, dict) else {}
    files = {path.stem for path in (home / "jobs").glob("*.py")}
    faults = secret_faults(raw)
    faults += [
        f"[jobs.{job}]: there is no jobs/{job}.py" for job in job_sections if job not in files
    ]
    environment = None
    try:
        sections = sections_of(demand.params for demand in (every or demands).values())
        if every is None:
            environment = _with_sections(raw, sections)
        else:
            environment = _of_toml(environment_type(sections, raw), raw, raw)
    except ValidationError as error:
        faults += phrases(error)
    if environment is not None:
        demands = {job: d for job, d in demands.items() if environment.has(d.only_with)}
    lacking = {} if environment is None else _lacking(environment, demands)
    faults += [
        f"there is no [{section}], which the job {job} needs"
        for job, absent in lacking.items()
        for section in absent
    ]
    for job, demand in {**(every or {}), **demands}.items():
        is_checked = job in job_sections or job in demands
        if is_checked and f"jobs.{job}" not in lacking.get(job, ()):
            faults += _section_faults(demand.params, job_sections.get(job, {}), f"jobs.{job}")
    if faults or environment is None:
        raise ConfigError(f"{path_of(home, name)}: {'; '.join(faults)}.", faults)
    return environment


def load_sections(home: Path, name: str, *sections: type[Section]) -> Environment:
    """The environment `name` with these sections alone; what others say is not looked at.

    For commands that look at tables, and need not load every job for it. Raises ConfigError as
    `load` does.
    """
    raw = parsed(home, name)
    faults = secret_faults(raw)
    try:
        environment = _with_sections(raw, {kind.section: kind for kind in sections})
    except ValidationError as error:
        faults += phrases(error)
    if faults:
        raise ConfigError(f"{path_of(home, name)}: {'; '.join(faults)}.")
    return environment


def _with_sections(raw: dict[str, Any], sections: Mapping[str, type[Section]]) -> Environment:
    """The environment with these sections; other tables of the TOML are other jobs'."""
    names = {*sections, *Environment.model_fields}
    asked = {
        key: value for key, value in raw.items() if key in names or not isinstance(value, dict)
    }
    return _of_toml(environment_type(sections, raw), raw, asked)


def _of_toml(kind: type[Environment], raw: dict[str, Any], asked: dict[str, Any]) -> Environment:
    """The environment of what is `asked` of a TOML, which knows the rest too."""
    environment = kind.model_validate(asked)
    environment._raw = raw
    return environment


def parsed(home: Path, name: str) -> dict[str, Any]:
    """The TOML of the environment `name` as plain values. Raises ConfigError as `load` does."""
    path, there = path_of(home, name), environments(home)
    if name not in there:  # so ../other is none either
        has = ", ".join(there) or "none"
        raise ConfigError(f"No environment is called {name!r}; {home / 'conf'} has: {has}.")
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read as TOML: {error}.") from None


def _lacking(environment: Environment, demands: Mapping[str, Demand]) -> dict[str, list[str]]:
    return {job: environment.lacks(demand.needs) for job, demand in demands.items()}


def _section_faults(kind: type[BaseModel], section: dict[str, Any], where: str) -> list[str]:
    """The faults of a job's own section; the shared ones have been checked as such."""
    if not isinstance(section, dict):
        return []
    try:
        kind.model_validate(section)
    except ValidationError as error:
        return phrases(error, where, ignore=set(sections_of([kind])))
    return []


def phrases(error: ValidationError, where: str = "", ignore: set[str] | None = None) -> list[str]:
    """A validation's faults as phrases: the key as a dotted path, what is wrong, what was given."""
    faults = []
    for fault in error.errors():
        if ignore and fault["loc"] and fault["loc"][0] in ignore:
            continue
        path = [where] if where else []
        path += [str(part) for part in fault["loc"] if part not in ("str", "list[str]", "[key]")]
        message = fault["msg"].removeprefix("Value error, ")
        if fault["type"] == "extra_forbidden":
            message = "is not a known key"
        elif fault["type"] == "missing":
            message = "is missing"
        elif not isinstance(fault["input"], dict | list):
            message = f"{message[0].lower()}{message[1:]}"
            message += "" if is_secret(".".join(path)) else f", got {masked(repr(fault['input']))}"
        faults.append(f"{'.'.join(path)} {message}")
    return list(dict.fromkeys(faults))
