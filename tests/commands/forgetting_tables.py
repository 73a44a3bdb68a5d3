"""A shop's tables with rows of three customers, one of whom is to be forgotten: literal rows, some
in files that no version names any more."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
from deltalake import DeltaTable

from alsobought.tables.copurchase import ITEM_STATISTICS
from alsobought.tables.offers import ENGAGEMENTS, OFFERS, REJECTED_EVENTS
from alsobought.tables.purchases import PURCHASES, REJECTED_PURCHASES, RETURNED_PURCHASES
from alsobought.tables.recommend import RECOMMENDATIONS
from alsobought.tables.training import PURCHASE_EXAMPLES, REDEMPTION_WEIGHTS
from tests.commands import item_tables, serving_tables
from tests.commands.serving_tables import FIRST, SECOND, recommended

GONE = "zoe_8d1f"  # nothing else in the tables reads so
STAYS = ("ann", "zoe_8d1")
CUSTOMERS = (GONE, *STAYS)
OFFER_TOML = """
[sources.offers]
path = "offers.csv"
format = "csv"
[sources.offers.columns]
offer_id = ["campaign", "customer"]
customer_id = "customer"
issued_at = "time"
[sources.engagements]
path = "engagements.csv"
format = "csv"
[sources.engagements.columns]
offer_id = ["campaign", "customer"]
engaged_at = "time"
"""
TOML = item_tables.TOML + OFFER_TOML
NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
RUN = {"purchases": {"job": "purchases", "as_of": "2024-01-02", "loaded_files": "abc.json"}}


def write(tables, table, rows, day=None):
    """Add rows as `serving_tables.write`: without checks, of which delta-rs cannot read some."""
    return serving_tables.write(tables, replace(table, checks={}), rows, day)


def line(customer, order, item, key):
    """A line of purchases."""
    return {
        "customer_id": customer, "order_id": order, "item_id": item, "line": key,
        "purchased_at": NOON, "quantity": 1.0, "market": "all", "source_file": "file:/a.csv",
    }  # fmt: skip


def returned(order, item, key):
    """A line of returned_purchases."""
    return {
        "market": "all", "order_id": order, "item_id": item, "line": key, "purchased_at": NOON,
        "quantity": 1.0, "returned": 1.0, "returned_at": NOON,
    }  # fmt: skip


def rejected(row, reason="unreadable_time"):
    """A line of rejected_purchases."""
    return {"source_file": "file:/a.csv", "reasons": [reason], "row": row, "copies": 1}


def write_all(tables: Path) -> None:
    """Write every table; of recommendations the days FIRST and SECOND."""
    lines = [
        row
        for n, customer in enumerate(CUSTOMERS)
        for row in (
            line(customer, f"o{n}", "tea", "1"),
            line(customer, None, "jam", f"{customer}-7"),
            line(customer, f"o{n}", GONE[:3], "2"),
        )
    ]
    write(tables, PURCHASES, lines)
    back = [returned(f"o{n}", "tea", "1") for n in range(3)]
    back += [returned(None, "jam", f"{customer}-7") for customer in CUSTOMERS]
    for day in (FIRST, SECOND):
        write(tables, RETURNED_PURCHASES, back, day)
    write(tables, REJECTED_PURCHASES, [
        rejected(json.dumps({"customer": customer, "order": "o9", "time": "never"}))
        for customer in CUSTOMERS
    ] + [rejected(f"o8;{customer};tea", "unreadable_row") for customer in CUSTOMERS]
      + [rejected(json.dumps({"customer_id": customer, "line": "1"}), "duplicate")
         for customer in CUSTOMERS])  # fmt: skip
    write_offers(tables)
    for day, items in ((FIRST, "jam"), (SECOND, "milk")):
        write(tables, RECOMMENDATIONS, [r for c in CUSTOMERS for r in recommended(c, items)], day)
    write(tables, PURCHASE_EXAMPLES, [
        {
            "method": "uniform", "example_id": json.dumps(["all", customer, "tea"]), "copy": 0,
            "customer_id": customer, "item_id": "tea", "features": {"tea": 1.0}, "label": 1,
            "weight": 1.0, "split": "train",
        }
        for customer in CUSTOMERS
    ], SECOND)  # fmt: skip
    assert (tables / ITEM_STATISTICS.name).is_dir()


def write_offers(tables: Path) -> None:
    """Offers, what followed them, their weights; an engagement without its offer."""
    write(tables, OFFERS, [
        {
            "offer_id": f"26-{customer}", "customer_id": customer, "issued_at": NOON,
            "features": {}, "source_file": "file:/o.csv",
        }
        for customer in CUSTOMERS
    ])  # fmt: skip
    engaged = [f"{campaign}-{customer}" for campaign in (26, 27) for customer in CUSTOMERS]
    write(tables, ENGAGEMENTS, [
        {"offer_id": offer, "engaged_at": NOON, "source_file": "file:/e.csv"} for offer in engaged
    ])  # fmt: skip
    write(tables, REDEMPTION_WEIGHTS, [
        {
            "method": "none", "offer_id": f"26-{customer}", "copy": 0, "kind": "first",
            "age_days": 1.0, "state": "00", "emitted_after_days": 1.0, "engaged": 0,
            "redeemed": 0, "weight": 1.0, "parts": {}, "model_version": "1",
        }
        for customer in CUSTOMERS
    ], SECOND)  # fmt: skip
    write(tables, REJECTED_EVENTS, [
        {"source": "engagements"}
        | rejected(json.dumps({"campaign": "26", "customer": customer, "time": "never"}))
        for customer in CUSTOMERS
    ])  # fmt: skip


def texts_of(tables: Path, name: str) -> list[str]:
    """Every row of a table's newest version, as sorted text."""
    rows = DeltaTable(str(tables / name)).to_pyarrow_table().to_pylist()
    return sorted(str(row) for row in rows)


def files_that_hold(tables: Path, text: str) -> list[str]:
    """Every file below a folder with the text: its bytes as they are, and all that Parquet has."""
    holding = []
    for path in sorted(path for path in tables.rglob("*") if path.is_file()):
        said = path.read_bytes().decode("latin-1")
        if path.suffix == ".parquet":
            said += str(pq.read_table(path).to_pylist())
        if text in said:
            holding.append(str(path.relative_to(tables)))
    return holding
