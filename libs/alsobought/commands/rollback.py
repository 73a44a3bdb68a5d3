"""The command `rollback`: serve again what was served before, without Spark."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated

import typer

from alsobought import __version__
from alsobought.commands.options import DefaultEnv, RowOptions, command
from alsobought.commands.printing import rows_for_programs, say
from alsobought.commands.served_lists import require_there
from alsobought.errors import ConfigError
from alsobought.evaluate.gate.decisions import gone_back_to
from alsobought.runtime import config, home
from alsobought.runtime.serving import decisions
from alsobought.runtime.warehouse import Row, Warehouse
from alsobought.tables.evaluate import PROMOTIONS
from alsobought.tables.serving import Decision

EXAMPLES = (
    "alsobought rollback --env shop",
    "alsobought rollback --env shop --to 2026-01-31",
)
NAMES = ("number", "decided_as_of", "decision", "served_as_of")


@dataclass(frozen=True, kw_only=True)
class RollbackOptions(RowOptions):
    """What `rollback` takes."""

    env: DefaultEnv = "demo"
    to: Annotated[
        str | None,
        typer.Option(
            metavar="YYYY-MM-DD",
            help="A day that was promoted once; by default the one that was served before.",
        ),
    ] = None


@command
def rollback(options: RollbackOptions) -> None:
    """Serve again the lists that were served before, or those of a day; in one commit."""
    root = home.find()
    warehouse = Warehouse.of(root, config.load_sections(root, options.env))
    so_far = decisions(warehouse)
    target = gone_back_to(so_far, _day(options.to))
    assert target.served is not None  # gone_back_to has looked
    require_there(warehouse, target.served)
    row = rolled_back(so_far[-1], target)
    warehouse.append(PROMOTIONS, [row], _run(row, options.env))
    if options.is_for_programs:
        flat = {name: row[name] for name in NAMES} | {"reason": row["reasons"][0]}
        rows_for_programs([flat], as_csv=options.as_csv)
    else:
        say(row["reasons"][0])


def rolled_back(newest: Decision, target: Decision) -> Row:
    """The row of promotions that serves the lists of an earlier decision again."""
    assert newest.served is not None
    assert target.served is not None
    number, day = newest.number + 1, target.served.as_of
    reason = (
        f"{day} is served again, as by decision {target.number}; it was {newest.served.as_of} "
        f"(decision {number})."
    )
    return {
        "number": number,
        "decided_as_of": newest.served.as_of,
        "decision": "rolled_back",
        "served_as_of": day,
        "served_versions": dict(target.served.versions),
        "served_tables": dict(target.served.table_ids),
        "served_hit_rates": [rate._asdict() for rate in target.hit_rates],
        "checks": [],
        "reasons": [reason],
    }


def _run(row: Row, env: str) -> Row:
    """What the commit records of the command."""
    return {
        "job": PROMOTIONS.name,
        "as_of": str(row["served_as_of"]),
        "environment": env,
        "code_version": __version__,
    }


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"--to {text!r} is not a day: write it as 2017-12-01.") from None
