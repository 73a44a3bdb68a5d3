"""Source files, read and judged without any table."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from alsobought.ingest import account, files
from alsobought.ingest import items as item_step
from alsobought.ingest import purchases as purchase_step
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
    counts = account.count_rows(lines, judged).collect()[0]
    assert counts["read"] == counts["good"] + counts["rejected"]
    return judged


@pytest.fixture
def purchases(spark: SparkSession, tmp_path: Path) -> Judged:
    """purchases({"a.csv": "..."}, format="csv", ...) is those files, judged by `ingest.purchases`.

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
        return _all_counted(lines, purchase_step.classified(lines, source, as_of))

    return judged


@pytest.fixture
def items(spark: SparkSession, tmp_path: Path) -> Judged:
    """items({"a.csv": "..."}, columns={...}) is `ingest.items.classified` of those files."""

    def judged(contents: dict[str, str | bytes], **settings: Any) -> DataFrame:
        _write(tmp_path, contents)
        source = ItemSource(**({"path": "*.*", "format": "csv"} | settings))
        lines = files.read(spark, source, tmp_path)
        return _all_counted(lines, item_step.classified(lines, source))

    return judged
