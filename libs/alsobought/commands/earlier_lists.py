"""The lists that the report compares a day's lists with: those that were served before."""

from dataclasses import dataclass

from alsobought.commands.night_tables import NightTables
from alsobought.errors import JobError
from alsobought.tables.related import RELATED_ITEMS
from alsobought.tables.serving import Decision, State


@dataclass(frozen=True)
class Before:
    """The lists that a day's are compared with: where queries find them, version and day."""

    table: str
    version: int
    day: str
    said: str


def before(tables: NightTables, day: str) -> Before | None:
    """The lists that were served before the decision about the day; where none were, those of the
    day before it that there is; None: there is none."""
    state = _served_before(tables, day)
    if state is not None and RELATED_ITEMS.name in state.versions:
        version = state.versions[RELATED_ITEMS.name]
        try:
            alias = tables.warehouse.at_version(RELATED_ITEMS.name, version)
            of = tables.warehouse.table_id(RELATED_ITEMS.name, version)
            if of == state.table_ids[RELATED_ITEMS.name]:
                said = f"Compared with the lists of {state.as_of}, which were served before."
                return Before(alias, version, str(state.as_of), said)
        except JobError:
            pass  # they are no longer readable, and the day may be there in the newest version
    newest = tables.warehouse.version(RELATED_ITEMS.name)
    days = [other for other in tables.warehouse.days(RELATED_ITEMS.name) if other < day]
    if state is not None and str(state.as_of) in days:
        said = f"Compared with the lists of {state.as_of} as they are now: what was served before"
        return Before(
            RELATED_ITEMS.name, newest, str(state.as_of), f"{said} is no longer readable."
        )
    if not days:
        return None
    said = f"Compared with the lists of {days[-1]}, the day before that there is: "
    return Before(RELATED_ITEMS.name, newest, days[-1], f"{said}no earlier day was promoted.")


def _served_before(tables: NightTables, day: str) -> State | None:
    """What was served before the last decision about the day, of an earlier day."""
    states: list[State] = []
    for row in tables.promotions:
        state = Decision.of(row).served
        if str(row["decided_as_of"]) > day:
            break
        if state is not None and str(state.as_of) < day:
            states.append(state)
    return states[-1] if states else None
