"""conf/<env>.toml as values: every fault named at once, nothing defaulted silently."""

import tomllib
from collections.abc import Mapping, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from alsobought.copurchase.settings import Baskets, Lists
from alsobought.errors import ConfigError
from alsobought.ingest.source import Sources
from alsobought.training.settings import Redemption

P = TypeVar("P", bound=BaseModel)


class Environment(BaseModel):
    """One conf/<env>.toml."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    warehouse: str
    """Folder or URI of the Delta tables; a relative one lies in the project's folder."""
    spark: dict[str, str]
    """Settings of the Spark session."""
    sources: Sources
    baskets: Baskets
    lists: Lists
    redemption: Redemption | None = None
    """Needed by the jobs that learn from offers, like the sources of offers and their events."""
    jobs: dict[str, dict[str, Any]]
    """The parameters of each job, checked against the job's own Params."""

    def params(self, job: str, kind: type[P]) -> P:
        """The job's parameters: its own section, and the shared ones that `kind` asks for.

        A field of `kind` called like one of SHARED gets the environment's own section.
        Raises pydantic's ValidationError with every fault.
        """
        given = {n: getattr(self, n) for n in shared_by(kind)}
        return kind.model_validate({**self.jobs.get(job, {}), **given})

    def lacks(self, sections: Sequence[str]) -> list[str]:
        """Those of `sections` that the TOML does not have: sources.offers, jobs.items, ..."""
        return [section for section in sections if not self._has(section)]

    def _has(self, section: str) -> bool:
        room, _, name = section.partition(".")
        if room == "jobs":
            return name in self.jobs
        return attrgetter(section)(self) is not None


SHARED = tuple(n for n in Environment.model_fields if n not in ("warehouse", "spark", "jobs"))


def shared_by(kind: type[BaseModel]) -> list[str]:
    """The environment's sections that a job with such Params asks for."""
    return [name for name in kind.model_fields if name in SHARED]


def path_of(home: Path, name: str) -> Path:
    """The file of the environment `name`."""
    return home / "conf" / f"{name}.toml"


def load(
    home: Path,
    name: str,
    params: Mapping[str, type[BaseModel]],
    needs: Mapping[str, Sequence[str]] | None = None,
) -> Environment:
    """The environment `name`, checked whole: `params` are the Params of the jobs to check.

    `needs` are the sections that these jobs cannot do without. Raises ConfigError: no such
    environment, TOML that cannot be parsed, or all faults of keys, types and values and all
    missing sections in one sentence.
    """
    path = path_of(home, name)
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in (home / "conf").glob("*.toml"))) or "none"
        raise ConfigError(f"No environment is called {name!r}; {home / 'conf'} has: {known}.")
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read as TOML: {error}.") from None
    files = {p.stem for p in (home / "jobs").glob("*.py")}
    sections = raw.get("jobs")
    sections = sections if isinstance(sections, dict) else {}
    faults = [f"[jobs.{job}]: there is no jobs/{job}.py" for job in sections if job not in files]
    environment = None
    try:
        environment = Environment.model_validate(raw)
    except ValidationError as error:
        faults += told(error)
    lacking = {} if environment is None else _lacking(environment, needs or {})
    faults += [
        f"there is no [{section}], which the job {job} needs"
        for job, absent in lacking.items()
        for section in absent
    ]
    for job, kind in params.items():
        if f"jobs.{job}" not in lacking.get(job, ()):
            own = set(shared_by(kind))
            faults += _section_faults(kind, sections.get(job, {}), own, f"jobs.{job}")
    if faults or environment is None:
        raise ConfigError(f"{path}: {'; '.join(faults)}.")
    return environment


def _lacking(environment: Environment, needs: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    return {job: environment.lacks(sections) for job, sections in needs.items()}


def _section_faults(
    kind: type[BaseModel], section: dict[str, Any], shared: set[str], where: str
) -> list[str]:
    if not isinstance(section, dict):
        return []
    try:
        kind.model_validate(section)
    except ValidationError as error:
        return told(error, where, ignore=shared)
    return []


def told(error: ValidationError, where: str = "", ignore: set[str] | None = None) -> list[str]:
    """A validation's faults as phrases: the key as a dotted path, what is wrong, what was given."""
    phrases = []
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
            message = f"{message[0].lower()}{message[1:]}, got {fault['input']!r}"
        phrases.append(f"{'.'.join(path)} {message}")
    return list(dict.fromkeys(phrases))
