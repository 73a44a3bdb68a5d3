"""Source files, read and judged without any table."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from alsobought.ingest import account, files, rules
from alsobought.ingest.settings import ItemSource, PurchaseSource

COLUMNS = {
    "customer_id": "customer",
    "order_id": "order",
    "item_id": "item",
    "purchased_at": "time",
}
Judged = Callable[..., DataFrame]


def _write(folder: Path, contents: dict[str, str | bytes]) -> None:
    for name, content in contents.items():
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)


def _all_counted(lines: DataFrame, judged: DataFrame) -> DataFrame:
    """Every row that was read is good or rejected: no rule loses or makes one."""
    told = account.counted(lines, judged).collect()[0]
    assert told["read"] == told["good"] + told["rejected"]
    return judged


@pytest.fixture
def purchases(spark: SparkSession, tmp_path: Path) -> Judged:
    """purchases({"a.csv": "..."}, format="csv", ...) is `rules.classified` of those files.

    The settings are those of [sources.purchases]; `more` adds to the usual four columns.
    """

    def judged(
        contents: dict[str, str | bytes],
        as_of: date = date(2017, 12, 1),
        more: dict[str, str] | None = None,
        **settings: Any,
    ) -> DataFrame:
        _write(tmp_path, contents)
        usual = {"path": "*.*", "format": "csv", "columns": COLUMNS | (more or {})}
        source = PurchaseSource(**(usual | settings))
        lines = files.read(spark, source, tmp_path)
        return _all_counted(lines, rules.classified(lines, source, as_of))

    return judged


@pytest.fixture
def items(spark: SparkSession, tmp_path: Path) -> Judged:
    """items({"a.csv": "..."}, columns={...}) is `rules.catalogue` of those files."""

    def judged(contents: dict[str, str | bytes], **settings: Any) -> DataFrame:
        _write(tmp_path, contents)
        source = ItemSource(**({"path": "*.*", "format": "csv"} | settings))
        lines = files.read(spark, source, tmp_path)
        return _all_counted(lines, rules.catalogue(lines, source))

    return judged
