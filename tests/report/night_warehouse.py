"""A shop's tables of three nights, written as literal rows without Spark: what a report is of."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime

from deltalake import CommitProperties, DeltaTable, write_deltalake

from alsobought.runtime import creation
from alsobought.runtime.warehouse import Warehouse
from alsobought.tables.copurchase import ITEM_STATISTICS
from alsobought.tables.evaluate import EVALUATIONS, PROMOTIONS
from alsobought.tables.operations import RUNS
from alsobought.tables.purchases import ITEMS, PURCHASES, REJECTED_PURCHASES
from alsobought.tables.recommend import RECOMMENDATIONS
from alsobought.tables.related import RELATED_ITEMS, RELATED_KINDS
from alsobought.tables.training import (
    REDEMPTION_AUDITS,
    REDEMPTION_SCORES,
    REDEMPTION_WEIGHTS,
)
from tests.commands import item_tables, serving_tables
from tests.commands.serving_tables import ids_of, recommended

TOML = (
    item_tables.TOML
    + """
[redemption]
attribution_days = 60
observation_days = 14
methods = ["none", "fsiw"]
model = "logistic"
replays = 4
training_rows = 1000
min_matured = 10
floor = 0.05
seed = 1
"""
)
NAMING = """
[report]
customers = ["zoe_8d1f", "nobody"]
"""
FIRST, SECOND, THIRD = date(2024, 1, 1), date(2024, 1, 2), date(2024, 1, 3)
CUSTOMER = "zoe_8d1f"  # nothing else in the tables reads so
SCRIPT = "<script>document.title='run'</script><img src=x onerror=\"document.title='run'\">"
TITLES = {
    "tea": "Green tea",
    "jam": "Plum jam",
    "milk": None,
    "cup": f"Cup {SCRIPT}",
    "rtl": "\u202eevil \u05e9\u05dc\u05d5\u05dd \"quoted\" 'twice' & </script>",
    "nul": "Nul\x00 and \u2028 line",
    "big": "Big " + "x" * 1_000_000,
    "i#d/?&=%": "Odd id",
}
OTHERS = [item for item in TITLES if item != "tea"]


def write(tables, table, rows, day=None):
    """Add rows to a table of the contract, without its checks, which delta-rs cannot all read."""
    return serving_tables.write(tables, replace(table, checks={}), rows, day)


def listed(item, others, metric="lift", unit="order"):
    blank = {
        "unit": unit, "market": "all", "relation": "together", "metric": metric, "item_id": item,
        "both": 20, "expected": 4.0, "buyers": 40, "related_buyers": 50, "units": 1000,
    }  # fmt: skip
    return [
        blank | {"rank": rank, "related_item_id": other, "score": 16.0 / rank}
        for rank, other in enumerate(others, 1)
    ]


def lists_of(tables, day, others):
    """Tea's lists by two metrics, and of each other item a list of tea; returns the version."""
    rows = listed("tea", others) + listed("tea", others, "pearson_residual")
    rows += listed("tea", others[:2], unit="customer")
    rows += [row for item in others for row in listed(item, ["tea"])]
    return write(tables, RELATED_ITEMS, rows, day)


def write_night(tables, day):
    """What is known of items as of a day."""
    write(tables, ITEM_STATISTICS, [
        {
            "unit": "order", "market": "all", "item_id": item, "buyers": 40 - n, "purchases": 50,
            "share": 0.1, "units": 1000,
            "other_purchases": [{"others": 3, "buyers": 20}, {"others": 7, "buyers": 20 - n}],
        }
        for n, item in enumerate(TITLES)
    ], day)  # fmt: skip


def decide(tables, decisions):
    """Add decisions to the log: (decision, day, served day, versions)."""
    for number, (what, day, served, versions) in enumerate(decisions, 1):
        fails = what == "refused"
        checks = [
            {"name": "related_items_rows", "value": 0.99, "limit": 0.8, "passed": True,
             "reason": None},
            {"name": "related_items_changed", "value": 0.61 if fails else 0.1, "limit": 0.5,
             "passed": not fails, "reason": "61 % of the lists changed." if fails else None},
        ]  # fmt: skip
        write(tables, PROMOTIONS, [{
            "number": number, "decided_as_of": day, "decision": what, "served_as_of": served,
            "served_versions": versions, "served_tables": ids_of(tables, versions),
            "served_hit_rates": [], "checks": checks,
            "reasons": ["61 % of the lists changed."] if fails else [],
        }])  # fmt: skip


def record_runs(tables):
    """The runs of three nights; in the last one a job failed, and another was slow."""
    creation.create(f"{tables}/runs", RUNS)
    rows = []
    for day in (FIRST, SECOND, THIRD):
        for n, job in enumerate(("purchases", "items", "co_purchases", "related_items")):
            is_last = day == THIRD
            failed = is_last and job == "items"
            rows.append(dict.fromkeys(RUNS.names) | {
                "run_id": f"r{day}", "code_version": "0.1.0", "job": job, "as_of": day,
                "started_at": datetime(2024, 1, day.day, 0, n, tzinfo=UTC),
                "seconds": 40.0 if is_last and job == "co_purchases" else 10.0 + n,
                "outcome": "failed" if failed else "done", "rows_read": 1000, "rows_written": 900,
                "bytes_read": 5_000_000, "bytes_written": 2_500_000, "bytes_shuffled": 1_000_000,
                "said": "items.csv is cut short." if failed else None,
            })  # fmt: skip
    Warehouse(str(tables)).add(RUNS, rows)


def write_purchases(tables):
    """Purchases of a customer, what was rejected of them, and what the run recorded."""
    noon = datetime(2024, 1, 1, 12, tzinfo=UTC)
    write(tables, PURCHASES, [
        {
            "customer_id": CUSTOMER, "order_id": "o1", "item_id": item, "line": "1",
            "purchased_at": noon, "quantity": 1.0, "market": "all", "source_file": "file:/a.csv",
        }
        for item in ("tea", "jam")
    ])  # fmt: skip
    rows = [json.dumps({"customer": CUSTOMER, "item": f"tea{n}", "time": "never"}) for n in "1234"]
    rejected = [{"reasons": ["unreadable_time"], "row": row} for row in rows]
    rejected.append({"reasons": ["unreadable_row"], "row": f"{CUSTOMER};tea;;;"})
    write(tables, REJECTED_PURCHASES, [
        row | {"source_file": "file:/a.csv", "copies": 1} for row in rejected
    ])  # fmt: skip
    account = {"read": 7, "good": 2, "rejected": 5,
               "by_reason": {"unreadable_time": 4, "unreadable_row": 1}}  # fmt: skip
    run = {"job": "purchases", "as_of": str(THIRD), "code_version": "0.1.0", "account": account}
    path = f"{tables}/{PURCHASES.name}"
    write_deltalake(
        path, DeltaTable(path).to_pyarrow_table().slice(0, 0), mode="append",
        commit_properties=CommitProperties(custom_metadata={"userMetadata": json.dumps(run)}),
    )  # fmt: skip


def evaluated(model, value, **more):
    """A row of evaluations, of the metric hit."""
    blank = {
        "cut_off": FIRST, "model": model, "items": "new", "segment_by": "everyone",
        "segment": "all", "metric": "hit", "k": 6, "customers": 100, "value": value,
        "low": value - 0.02, "high": value + 0.02,
    }  # fmt: skip
    return blank | more


def write_models(tables):
    """Evaluations of two cut-offs, weights of offers, scores, audits, and a customer's list."""
    before = date(2023, 12, 18)
    write(tables, EVALUATIONS, [
        evaluated("calibrated", 0.31), evaluated("bestsellers", 0.2),
        evaluated("calibrated", 0.35, items="all"), evaluated("calibrated", 0.3, cut_off=before),
        evaluated("bestsellers", 0.22, cut_off=before),
        evaluated("calibrated", 0.11, compared_with="bestsellers"),
        evaluated("calibrated", 0.4, segment_by="history", segment="20+"),
        evaluated("calibrated", 0.1, segment_by="history", segment="2-4"),
    ], THIRD)  # fmt: skip
    write(tables, REDEMPTION_WEIGHTS, [
        {
            "method": method, "offer_id": f"o{n}", "copy": 0, "kind": "first",
            "age_days": 20.0 * (n % 4) + 1, "state": "11" if n % 3 == 0 else "00",
            "emitted_after_days": 1.0, "engaged": int(n % 3 == 0), "redeemed": int(n % 3 == 0),
            "weight": 1.0 if method == "none" else 1.0 + n % 3, "parts": [], "model_version": "1",
        }
        for method in ("none", "fsiw") for n in range(24)
    ], THIRD)  # fmt: skip
    write(tables, REDEMPTION_SCORES, [
        {
            "method": "fsiw", "offer_id": f"o{n}", "customer_id": CUSTOMER, "age_days": 70.0,
            "split": "test", "p_engaged": 0.5, "p_redeemed_if_engaged": 0.5,
            "p_redeemed": (n % 10) / 20, "p_redeemed_one_stage": (n % 7) / 20,
            "redeemed": int(n % 4 == 0),
        }
        for n in range(60)
    ], THIRD)  # fmt: skip
    write(tables, REDEMPTION_AUDITS, [
        {
            "audit": "weights_recompute", "method": "fsiw", "bucket": bucket, "rows": 24,
            "value": 0.5, "lower": 0.9, "upper": 1.1, "is_alert": bucket == "old",
            "meaning": "Weights recomputed from their parts.",
        }
        for bucket in ("old", "young")
    ], THIRD)  # fmt: skip
    write(tables, RECOMMENDATIONS, [
        row | {"reasons": [{"item_id": "tea", "share": 0.75}]}
        for row in recommended(CUSTOMER, "jam milk")
    ], THIRD)  # fmt: skip


def write_all(tables):
    """All tables; the lists of SECOND are served, those of THIRD are refused."""
    write(tables, ITEMS, [
        {"item_id": item, "title": title, "brand": "Leaf" if item == "tea" else None,
         "category": ["food", "drinks"], "is_available": item != "cup", "attributes": {}}
        for item, title in TITLES.items()
    ])  # fmt: skip
    for day in (SECOND, THIRD):
        write_night(tables, day)
    first = lists_of(tables, SECOND, OTHERS)
    lists_of(tables, THIRD, [OTHERS[1], OTHERS[0], *OTHERS[3:]])
    write(tables, RELATED_KINDS, [{
        "market": "all", "item_id": "tea", "related_item_id": "jam", "kind": "complement",
        "customers_together": 9, "customers": 9, "apart": 0, "orders": 9, "orders_expected": 3.0,
        "ratio": 3.0, "ratio_low": 2.0, "ratio_high": 4.0, "shared_levels": 0,
        "is_same_category": False,
    }], THIRD)  # fmt: skip
    served = {RELATED_ITEMS.name: first}
    decide(tables, [("promoted", SECOND, SECOND, served), ("refused", THIRD, SECOND, served)])
    record_runs(tables)
    write_purchases(tables)
    write_models(tables)


def project(home, toml=TOML):
    """A project's folder with the tables; returns them."""
    for name in ("conf", "jobs"):
        (home / name).mkdir()
    (home / "conf" / "test.toml").write_text(toml, encoding="utf-8")
    (home / "conf" / "naming.toml").write_text(toml + NAMING, encoding="utf-8")
    write_all(home / "tables")
    return home / "tables"
