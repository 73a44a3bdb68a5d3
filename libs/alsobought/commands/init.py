"""The command `init`: an environment proposed for a shop's own files."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from alsobought.commands.options import RowOptions, command
from alsobought.commands.printing import Text, grid, rows_for_programs, say
from alsobought.errors import ConfigError
from alsobought.ingest.proposal import heads
from alsobought.ingest.proposal.environment import Place, Proposal, proposed
from alsobought.ingest.proposal.spelling import nearest
from alsobought.runtime import home
from alsobought.runtime.machine import machine_bytes

EXAMPLES = (
    "alsobought init orders/*.csv catalogue.csv",
    "alsobought init sales.parquet --env test --json",
)


@dataclass(frozen=True, kw_only=True)
class InitOptions(RowOptions):
    """What `init` takes."""

    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...", help="Order lines, and the catalogue: files, folders or globs."
        ),
    ]
    env: Annotated[str, typer.Option(help="What the new environment is called.")] = "shop"


@command
def init(options: InitOptions) -> None:
    """Propose an environment for a shop's files: a TOML with the reason for every guess.

    Files are CSV, JSON lines or Parquet. Nothing is overwritten; where there is no project yet,
    conf/, jobs/ and airflow_dags/ are laid into this folder.
    """
    here = Path.cwd()
    if not options.env.replace("_", "").replace("-", "").isalnum():
        raise ConfigError(f"--env {options.env!r} is no name: use letters, digits, - and _.")
    root = home.find_or_none() or here
    target = root / "conf" / f"{options.env}.toml"
    if target.exists():
        raise ConfigError(
            f"{target} is there already, and stays: choose another --env, or remove it."
        )
    if home.is_laid(root, f"conf/{options.env}.toml"):
        raise ConfigError(
            f"{options.env} is an environment that comes with conf/, which init lays here: choose "
            f"another --env."
        )
    paths = [path for name in options.files for path in _matching(name)]
    place = Place(options.env, root.resolve(), machine_bytes() >> 30)
    proposal = proposed(heads.read(list(dict.fromkeys(paths))), place)
    added = home.lay(root)
    with target.open("x", encoding="utf-8") as file:
        file.write(proposal.text)
    if options.is_for_programs:
        rows_for_programs([*_rows(proposal)], as_csv=options.as_csv)
        return
    if added:
        say(f"Laid {', '.join(f'{name}/' for name in added)} into {root}.")
    _print(proposal, target, options.env)


def _matching(name: str) -> list[Path]:
    """The files that a path, folder or glob names. Raises ConfigError where there is none."""
    paths = heads.matching(name)
    if not paths:
        folder = Path(name).parent
        near = nearest(Path(name).name, sorted(p.name for p in folder.glob("*")))
        meant = f": is it {folder / near}?" if near else "."
        raise ConfigError(f"No file matches {name}{meant}")
    return paths


def _rows(proposal: Proposal) -> Iterator[dict[str, object]]:
    """Every setting with the reason for it, and every question, as rows for programs."""
    for table in proposal.tables:
        for setting in table.settings:
            key = f"{table.name}.{setting.key}".lstrip(".")
            yield {"kind": "setting", "key": key, "value": setting.value, "why": setting.why}
    for question in proposal.questions:
        yield {"kind": "question", "key": None, "value": None, "why": question}


def _print(proposal: Proposal, target: Path, env: str) -> None:
    """What was guessed, what only the shop can answer, and what to do next."""
    say(f"Wrote {target}:")
    sources = [table for table in proposal.tables if table.name.endswith(".columns")]
    rows = [
        [f"{table.name.split('.')[1]}.{setting.key}", _column(setting.value), setting.why]
        for table in sources
        for setting in table.settings
    ]
    grid([Text("ours"), Text("yours"), Text("its values")], rows)
    if proposal.questions:
        say("To answer in it:", *(f"  - {question}" for question in proposal.questions), "")
    as_of = proposal.as_of or "YYYY-MM-DD"
    say(
        "Then:",
        f"  alsobought check {env} --as-of {as_of}",
        f"  alsobought run --all --env {env} --as-of {as_of}",
        f"  alsobought show {proposal.example} --env {env}",
    )


def _column(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
