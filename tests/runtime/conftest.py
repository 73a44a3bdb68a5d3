"""A store in a temporary folder, with the tables of `small_tables`."""

import pytest

from alsobought.runtime.store import Store
from alsobought.tables.outcome import Outcome
from tests.rows import rows
from tests.runtime.small_tables import COLUMNS, STOCK


@pytest.fixture
def way():
    """Who writes a table's files: workers, on a path, or spark, on a URI."""
    return "workers"


@pytest.fixture
def store(spark, tmp_path, way):
    return Store(spark, str(tmp_path) if way == "workers" else f"file://{tmp_path}")


@pytest.fixture
def stock(store, frame):
    """stock(day, ("tea", 3, 0.5), ...) writes that day's rows."""

    def written(day, *lines):
        return store.write(STOCK, Outcome(frame(COLUMNS, *lines)), day, {"as_of": day.isoformat()})

    return written


@pytest.fixture
def stored(store):
    """Every row that lies in the table, with its as-of day, and the table's version."""
    return lambda table=STOCK: (rows(store._rows(table)), store.version(table))
