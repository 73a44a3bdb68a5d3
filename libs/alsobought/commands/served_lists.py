"""Which lists are served, for the commands that read them as they are: --served."""

from typing import Annotated

import typer

from alsobought.errors import ConfigError, JobError, NotFoundError
from alsobought.evaluate.gate.decisions import NOTHING_SERVED
from alsobought.runtime.serving import decisions
from alsobought.runtime.warehouse import Warehouse
from alsobought.tables.serving import State

Served = Annotated[
    bool,
    typer.Option("--served", help="The lists that are served; by default the latest day's."),
]


def served_state(warehouse: Warehouse) -> State:
    """What is served now. Raises JobError where nothing is."""
    so_far = decisions(warehouse)
    state = so_far[-1].served if so_far else None
    if state is None:
        raise JobError(NOTHING_SERVED)
    return state


def require_there(warehouse: Warehouse, state: State) -> None:
    """Raise JobError where lists that are or were served cannot be read any more."""
    day = str(state.as_of)
    for name, version in state.versions.items():
        gone = _gone(warehouse, state, name)
        if gone:
            raise JobError(
                f"The lists of {day} cannot be served: version {version} of {name} is no longer "
                f"readable ({gone}). Run the job {name} --as-of {day}, then alsobought promote "
                f"--as-of {day}."
            )


def _gone(warehouse: Warehouse, state: State, name: str) -> str | None:
    """Why a table's rows of the day cannot be read at their version; None: they can."""
    version = state.versions[name]
    if not warehouse.has(name):
        return "the table is not there"
    try:
        if warehouse.table_id(name, version) != state.table_ids[name]:
            return "the table was made anew since"
        missing = warehouse.missing_file(name, version, str(state.as_of))
    except JobError:
        return "its log does not go back so far"
    return missing and f"its data file {missing} is not there, as after VACUUM"


def pin_served(warehouse: Warehouse, table: str) -> str:
    """Have the warehouse read the served tables as they are served; returns their as-of day, as
    `pinned`."""
    return str(pinned(warehouse, table).as_of)


def pinned(warehouse: Warehouse, table: str) -> State:
    """What is served, of which the warehouse reads every table at its version from here on.

    Raises NotFoundError where `table` is not among them, JobError where nothing is served, or its
    version cannot be read any more.
    """
    state = served_state(warehouse)
    if table not in state.versions:
        names = ", ".join(sorted(state.versions))
        raise NotFoundError(f"{table} is not served; of {state.as_of} there are {names}.")
    require_there(warehouse, state)
    for name, version in state.versions.items():
        warehouse.pin(name, version)
    return state


def require_one_day(served: bool, as_of: str | None) -> None:
    """Raise ConfigError where both ways to choose the day are given."""
    if served and as_of is not None:
        raise ConfigError("Give --served or --as-of, not both.")
