"""The report's first section: whether the lists go out, and what became of the night."""

from collections.abc import Sequence

from alsobought.commands.night_tables import NightTables
from alsobought.report import night
from alsobought.report.changed_lists import Changes
from alsobought.report.night import Freshness, Intake
from alsobought.report.page import Empty, Section
from alsobought.report.shown_text import count, counted, share
from alsobought.runtime.warehouse import Row
from alsobought.tables import ALL
from alsobought.tables.forgetting import FORGETTINGS, FORGOTTEN_CUSTOMERS

BY_COMMANDS = (FORGOTTEN_CUSTOMERS.name, FORGETTINGS.name)
MOST_REJECTED = 0.05  # of a source's rows; more is marked


def health(tables: NightTables, changes: Changes | None) -> Section:
    """The section, with tiles that sum up what the others say."""
    verdict = night.verdict(tables.promotions, tables.day, tables.name)
    runs = night.last_tries(tables.runs, tables.day)
    intakes, fresh, audits = tables.intakes(), tables.freshness(), tables.audits()
    options = f"--env {tables.name} --as-of {tables.day}"
    facts = {
        "day": tables.day,
        "verdict": verdict,
        "tiles": [
            _jobs(runs, fresh, tables),
            _rows(intakes),
            _tables(fresh, tables),
            _alerts(audits),
            _changed(changes),
        ],
        "runs": runs,
        "no_runs": Empty(f"No run of {tables.day} is recorded.", f"alsobought run --all {options}"),
        "intakes": intakes,
        "no_intakes": Empty(
            "No job has recorded what came of its source's rows.",
            f"alsobought run purchases items {options}",
        ),
        "tables": fresh,
        "missing": [table.table for table in fresh if is_wanted(tables, table)],
        "audits": audits,
        "no_audits": tables.run_again("redemption_audits"),
    }
    return Section("health", "Health", facts)


def is_wanted(tables: NightTables, table: Freshness) -> bool:
    """Whether a table is not there that a run of all jobs would make."""
    of_jobs = table.table not in BY_COMMANDS
    return not table.is_built and of_jobs and tables.environment.wants(ALL[table.table])


def _tile(title: str, value: str, said: str, mark: str = "") -> Row:
    return {"title": title, "value": value, "said": said, "mark": mark}


def _jobs(runs: Sequence[Row], fresh: Sequence[Freshness], tables: NightTables) -> Row:
    """How many jobs went well, and which did not."""
    if not runs:
        of_day = sum(table.keeps_days and table.newest == str(tables.day) for table in fresh)
        return _tile("Jobs", "–", f"no run recorded; {of_day} tables have the day", "odd")
    good = [run for run in runs if run["outcome"] in ("done", "unchanged")]
    if len(good) < len(runs):
        names = ", ".join(run["job"] for run in runs if run not in good)
        return _tile("Jobs", f"{len(good)} of {len(runs)}", f"did not go well: {names}", "bad")
    seconds = sum(run["seconds"] for run in runs)
    return _tile("Jobs", f"{len(good)} of {len(runs)}", f"went well, in {seconds:,.0f} s", "good")


def _rows(intakes: Sequence[Intake]) -> Row:
    """The rows that came in, and the share that was rejected."""
    if not intakes:
        return _tile("Rows read", "–", "none recorded", "odd")
    read = sum(intake.read for intake in intakes)
    rejected = sum(intake.rejected for intake in intakes)
    of_rows = rejected / read if read else 0.0
    said = f"{share(of_rows)} rejected, of {counted(len(intakes), 'source')}"
    return _tile("Rows read", count(read), said, "odd" if of_rows > MOST_REJECTED else "good")


def _tables(fresh: Sequence[Freshness], tables: NightTables) -> Row:
    """How many of the tables that keep days have the day."""
    dated = [table for table in fresh if table.is_built and table.keeps_days]
    behind = [table for table in dated if table.lag(tables.day) != 0]
    value = f"{len(dated) - len(behind)} of {len(dated)}"
    said = f"have the day; {len(behind)} are behind" if behind else "have the day"
    return _tile("Tables", value, said, "odd" if behind or not dated else "good")


def _alerts(audits: Row | None) -> Row:
    if audits is None:
        return _tile("Audit alerts", "–", "no audit yet")
    alerts = len(audits["alerts"])
    said = f"of {counted(audits['total'], 'audit')} of {audits['day']}"
    return _tile("Audit alerts", str(alerts), said, "bad" if alerts else "good")


def _changed(changes: Changes | None) -> Row:
    """The share of lists that were there before and are not as they were."""
    if changes is None:
        return _tile("Lists changed", "–", "nothing to compare with")
    before = sum(row["unchanged"] + row["changed"] + row["gone"] for row in changes.by_kind)
    changed = sum(row["changed"] + row["gone"] for row in changes.by_kind)
    value = share(changed / before) if before else "–"
    said = f"of {count(before)}; {counted(changes.lost_count, 'item')} lost all candidates"
    return _tile("Lists changed", value, said)
