"""Projects whose tables are literal rows, for the commands that print them."""

from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from tests.commands import item_tables
from tests.project import offer_settings, settings, toml

DAY = date(2017, 12, 1)


@pytest.fixture
def warehouse(tmp_path, monkeypatch) -> Path:
    """A project with one environment and its tables; commands run in it."""
    _lay(tmp_path, monkeypatch)
    item_tables.write_all(tmp_path / "tables")
    return tmp_path / "tables"


@pytest.fixture
def catalogue(tmp_path, monkeypatch) -> Path:
    """The same with the tables `items` and `item_statistics` alone."""
    _lay(tmp_path, monkeypatch)
    item_tables.write_items(tmp_path / "tables")
    return tmp_path / "tables"


def _lay(folder, monkeypatch):
    (folder / "conf").mkdir()
    (folder / "jobs").mkdir()
    (folder / "conf" / "test.toml").write_text(item_tables.TOML, encoding="utf-8")
    monkeypatch.setenv("ALSOBOUGHT_HOME", str(folder))
    monkeypatch.setenv("ALSOBOUGHT_ENV", "test")


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """A project with an environment `demo`, and write(table, column=[...], ...)."""
    given = offer_settings()
    conf = settings() | {"redemption": given["redemption"]}
    (tmp_path / "conf").mkdir()
    (tmp_path / "jobs").mkdir()
    for job in conf["jobs"]:
        (tmp_path / "jobs" / f"{job}.py").touch()
    (tmp_path / "conf" / "demo.toml").write_text(toml(conf), encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    def write(name, **columns):
        rows = len(next(iter(columns.values())))
        table = pa.table({"as_of": [DAY] * rows, **columns})
        write_deltalake(str(tmp_path / "tables" / name), table, partition_by=["as_of"])

    return write
