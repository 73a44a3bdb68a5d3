"""The command `forget`: customers leave every table, of every day, and do not come back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from alsobought import __version__
from alsobought.commands.options import RowOptions, command
from alsobought.commands.printing import Id, Number, grid, rows_for_programs, say
from alsobought.errors import JobError
from alsobought.evaluate.gate.decisions import gone_back_to
from alsobought.ingest.settings import Sources
from alsobought.runtime import config, home
from alsobought.runtime.arguments import Env
from alsobought.runtime.customers_in_rows import OF_CUSTOMERS, Customers, OfferIds, RejectedIds
from alsobought.runtime.forgetting import Change, Done, Forgetting
from alsobought.runtime.forgotten import FORGET
from alsobought.runtime.serving import decisions
from alsobought.runtime.warehouse import Row, Warehouse
from alsobought.tables import ALL
from alsobought.tables.evaluate import PROMOTIONS
from alsobought.tables.serving import Decision

EXAMPLES = (
    "alsobought forget 1001 --env shop --dry-run",
    "alsobought forget 1001 1002 --env shop",
)
HEADINGS = (Id("table"), Number("rows"), Number("files"), Number("as-of days"))
MOST_NAMED = 10
NOTHING = "No table's newest version has a row of theirs."

Again = tuple[Decision, Sequence[str]]
"""Lists that are to be served again, and which of their tables from another version."""


@dataclass(frozen=True, kw_only=True)
class ForgetOptions(RowOptions):
    """What `forget` takes."""

    customers: Annotated[list[str], typer.Argument(metavar="CUSTOMER...", help="Customers' ids.")]
    env: Env
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be changed, and change nothing.")
    ] = False


@command
def forget(options: ForgetOptions) -> None:
    """Remove customers from every table and file, for good, and prove that they are gone."""
    root = home.find()
    environment = config.load_sections(root, options.env, Sources)
    warehouse = Warehouse.of(root, environment)
    if "://" in warehouse.path:
        raise JobError(
            f"The warehouse {warehouse.path} is on a URI, and forget replaces files on a path "
            f"alone, so nothing was changed: see docs/forgetting.md for what to do there."
        )
    sources = environment.section(Sources)
    customers = Customers(
        frozenset(options.customers),
        offer_ids=OfferIds.of(sources.offers),
        rejected=RejectedIds.of(sources),
    )
    run = {"job": FORGET, "environment": options.env, "code_version": __version__}
    forgetting = Forgetting.of(Path(warehouse.path), customers, run)
    served = to_serve_again(forgetting, decisions(warehouse))
    if options.dry_run:
        _print_changes(forgetting.changes(), options)
        say("Nothing was changed.", to_stderr=options.is_for_programs)
        return
    done = forgotten(forgetting, warehouse, served)
    _print_changes(done.changes, options)
    say(*_outcome(done, options, _days_counted(warehouse)), to_stderr=options.is_for_programs)
    if done.remains.places:
        raise JobError(_left(done))


def forgotten(forgetting: Forgetting, warehouse: Warehouse, served: Sequence[Again]) -> Done:
    """Forget the customers; a call that is cut short is ended by the next one."""
    salted = forgetting.write_down()
    changes, versions = forgetting.commit()
    if served:
        first = decisions(warehouse)[-1].number + 1
        rows = [served_again(n, again, versions) for n, again in enumerate(served, first)]
        warehouse.append(PROMOTIONS, rows, dict(forgetting.run))
    done = Done(changes, versions, forgetting.delete(), forgetting.prove())
    forgetting.record(done, salted)
    return done


def to_serve_again(forgetting: Forgetting, so_far: Sequence[Decision]) -> list[Again]:
    """The lists that must be served from other versions, as files of theirs go: those that a
    rollback would go back to, then those of now; none where no file of either goes.

    Raises JobError where the served lists are not those that the day's last run has made.
    """
    current = so_far[-1] if so_far else None
    if current is None or current.served is None:
        return []
    going = forgetting.holds_served(current.served)
    for name in going:
        if not forgetting.is_newest(name, current.served):
            day = current.served.as_of
            raise JobError(
                f"{name} of {day} was made again since it was promoted, so the lists that are "
                f"served cannot be served without the customers, and nothing was changed: "
                f"alsobought promote --as-of {day}, or alsobought rollback, then forget again."
            )
    again: list[Again] = [(current, going)]
    before = _served_before(so_far)
    if before is not None and before.served is not None:
        names = forgetting.holds_served(before.served)
        if all(forgetting.is_newest(name, before.served) for name in names):
            again = [(before, names), *again]
    return again if any(names for _, names in again) else []


def _served_before(so_far: Sequence[Decision]) -> Decision | None:
    """The decision that a rollback would go back to; None: there is none."""
    try:
        return gone_back_to(so_far, None)
    except JobError:
        return None


def served_again(number: int, again: Again, versions: Mapping[str, int]) -> Row:
    """The row of promotions that serves a decision's lists, of these tables from the versions
    without the customers."""
    decision, names = again
    served = decision.served
    assert served is not None
    reason = f"Customers were forgotten: the lists of {served.as_of} stay as they are."
    if names:
        reason = (
            f"Customers were forgotten: the lists of {served.as_of} are served without them "
            f"({', '.join(f'{name} of version {versions[name]}' for name in names)})."
        )
    return {
        "number": number,
        "decided_as_of": served.as_of,
        "decision": "promoted",
        "served_as_of": served.as_of,
        "served_versions": dict(served.versions) | {name: versions[name] for name in names},
        "served_tables": dict(served.table_ids),
        "served_hit_rates": [rate._asdict() for rate in decision.hit_rates],
        "checks": [],
        "reasons": [reason],
    }


def _print_changes(changes: Sequence[Change], options: ForgetOptions) -> None:
    if options.is_for_programs:
        names = ("table", "rows", "files", "days")
        rows = [{name: getattr(change, name) for name in names} for change in changes]
        rows_for_programs(
            [row | {"days": _days(row["days"], options)} for row in rows], as_csv=options.as_csv
        )
    elif changes:
        cells = [[c.table, f"{c.rows:,}", f"{c.files:,}", f"{len(c.days) or ''}"] for c in changes]
        grid([*HEADINGS], cells)
    else:
        say(NOTHING)


def _days(days: Sequence[str], options: ForgetOptions) -> object:
    return " ".join(days) if options.as_csv else list(days)


def _outcome(done: Done, options: ForgetOptions, day: str | None) -> list[str]:
    """What was done, in sentences; what is still to be run."""
    rows, tables = sum(change.rows for change in done.changes), len(done.changes)
    customers = len(set(options.customers))
    proof = "none holds an id of theirs" if not done.remains.places else "some still hold an id"
    said = [
        f"{customers:,} customer{'s' * (customers > 1)} forgotten: {rows:,} rows of {tables:,} "
        f"tables removed, {done.deleted:,} data files deleted. Of {done.remains.files:,} files "
        f"below the warehouse that were read after it, {proof}.",
        "Versions that had these files cannot be read any more.",
    ]
    if day is not None:
        said.append(
            f"Counts over all customers, which hold no id, are without them from the next as-of "
            f"day on; at once by: alsobought run --all --env {options.env} --as-of {day}"
        )
    if done.remains.namesakes:
        said.append(
            f"The same text is something else's in {_named(done.remains.namesakes)}: left as it is."
        )
    return said


def _left(done: Done) -> str:
    places = done.remains.places
    return (
        f"An id still stands in {_named(places)}: let jobs that are under way end and forget "
        f"again; what is no table of alsobought remove by hand."
    )


def _named(places: Sequence[object]) -> str:
    names = ", ".join(map(str, places[:MOST_NAMED]))
    more = len(places) - MOST_NAMED
    return f"{names} and {more:,} more" if more > 0 else names


def _days_counted(warehouse: Warehouse) -> str | None:
    """The newest as-of day of what is counted over all customers; None: nothing is."""
    counted = [
        name
        for name, table in ALL.items()
        if table.kept == "per_as_of" and name not in OF_CUSTOMERS and warehouse.has(name)
    ]
    return max((day for name in counted for day in warehouse.days(name)), default=None)
