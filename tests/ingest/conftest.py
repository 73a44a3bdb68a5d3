"""Source files, read and judged without any table."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from alsobought.ingest import events
from alsobought.ingest import items as item_step
from alsobought.ingest import offers as offer_step
from alsobought.ingest import purchases as purchase_step
from alsobought.ingest.settings import (
    EngagementSource,
    ItemSource,
    OfferSource,
    PurchaseSource,
    RedemptionSource,
)
from alsobought.tables.offers import ENGAGEMENTS, REDEMPTIONS
from tests.ingest.source_lines import read_all
from tests.project import Project

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
    """Every row that was read is judged: no rule loses or makes one."""
    of_lines, of_judged = (rows.agg(F.count(F.lit(1))) for rows in (lines, judged))
    read, counted = of_lines.crossJoin(of_judged).collect()[0]
    assert read == counted
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
        lines = read_all(spark, source, tmp_path)
        return _all_counted(lines, purchase_step.classified(lines, source, as_of))

    return judged


@pytest.fixture
def items(spark: SparkSession, tmp_path: Path) -> Judged:
    """items({"a.csv": "..."}, columns={...}) is `ingest.items.classified` of those files."""

    def judged(contents: dict[str, str | bytes], **settings: Any) -> DataFrame:
        _write(tmp_path, contents)
        source = ItemSource(**({"path": "*.*", "format": "csv"} | settings))
        lines = read_all(spark, source, tmp_path)
        return _all_counted(lines, item_step.classified(lines, source))

    return judged


EVENT_COLUMNS = {
    OfferSource: {"offer_id": "offer", "customer_id": "customer", "issued_at": "time"},
    EngagementSource: {"offer_id": "offer", "engaged_at": "time"},
    RedemptionSource: {"offer_id": "offer", "redeemed_at": "time"},
}
EVENT_TABLES = {EngagementSource: ENGAGEMENTS, RedemptionSource: REDEMPTIONS}


@pytest.fixture
def judged(spark: SparkSession, tmp_path: Path) -> Judged:
    """judged(kind of source, {"a.csv": "..."}, columns...) is those files of offers or events."""

    def classified(kind: type, contents: dict[str, str | bytes], **columns: Any) -> DataFrame:
        _write(tmp_path, contents)
        source = kind(path="*.*", format="csv", columns=EVENT_COLUMNS[kind] | columns)
        lines = read_all(spark, source, tmp_path)
        day = date(2017, 12, 1)
        if isinstance(source, OfferSource):
            return _all_counted(lines, offer_step.classified(lines, source, day))
        return _all_counted(lines, events.classified(lines, source, EVENT_TABLES[kind], day))

    return classified


@pytest.fixture
def offer_shop(project: Project) -> Project:
    """Two offers, an engagement and a redemption, and one broken row of each."""
    project.have_offers()
    for name in ("offers", "engagements", "redemptions"):
        project.conf["sources"][name]["max_rejected_share"] = 0.6
    project.conf["sources"]["offers"]["columns"]["features"] = ["kind", "size"]
    head = "offer,customer,time,kind,size\n"
    text = "o1,c1,2017-11-01,A,1\no2,c2,2017-11-02,B,\n,c3,2017-11-03,B,2\n"
    project.file("offers/1.csv", head + text)
    project.file("engagements/1.csv", "offer,time\no1,2017-11-05\no1,never\n")
    project.file("redemptions/1.csv", "offer,time\no1,2017-11-07\no1,2017-11-07\n")
    return project
