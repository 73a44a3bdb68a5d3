"""A shop's lists of three days with a log of decisions, written as literal rows without Spark."""

import json
from datetime import date, datetime

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, write_deltalake
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import StructType

from alsobought.runtime import creation
from alsobought.runtime.warehouse import Warehouse
from alsobought.tables.evaluate import PROMOTIONS
from alsobought.tables.recommend import RECOMMENDATIONS
from alsobought.tables.related import RELATED_ITEMS

FIRST, SECOND, THIRD = date(2024, 1, 1), date(2024, 1, 2), date(2024, 1, 3)


def write(tables, table, rows, day=None):
    """Add rows, given as dicts of some columns, to a table of the contract; returns the version."""
    path = f"{tables}/{table.name}"
    creation.create(path, table)
    blank = dict.fromkeys(table.names) | ({} if day is None else {"as_of": day})
    columns = table.stored if day else StructType(list(table.columns))
    schema = pa.schema([f.remove_metadata() for f in to_arrow_schema(columns, timezone="UTC")])
    schema = pa.schema([f.with_nullable(True) for f in schema])
    data = pa.Table.from_pylist([blank | row for row in rows], schema)
    run = json.dumps({"job": table.name, "as_of": str(day)})
    given = {} if day is None else {"predicate": f"as_of = '{day}'"}
    write_deltalake(
        path, data, mode="overwrite" if day else "append", **given,
        commit_properties=CommitProperties(custom_metadata={"userMetadata": run}),
    )  # fmt: skip
    return DeltaTable(path).version()


def listed(item, others):
    """A list of related_items, best first."""
    blank = {
        "unit": "order", "market": "all", "relation": "together", "metric": "lift",
        "item_id": item, "score": 1.0, "both": 2, "expected": 1.0, "buyers": 4,
        "related_buyers": 4, "units": 10,
    }  # fmt: skip
    return [
        blank | {"rank": rank, "related_item_id": other}
        for rank, other in enumerate(others.split(), 1)
    ]


def recommended(customer, items, model="calibrated", market="all", **more):
    """A list of recommendations, best first; the score is 1 / rank."""
    blank = {
        "market": market, "customer_id": customer, "model": model, "source": "related",
        "reasons": [],
    }  # fmt: skip
    return [
        blank | {"rank": rank, "item_id": item, "score": 1 / rank} | more
        for rank, item in enumerate(items.split(), 1)
    ]


def lists_of(tables, day, others):
    """Both served tables of a day: tea's list, and ann's; returns their versions."""
    return {
        RELATED_ITEMS.name: write(tables, RELATED_ITEMS, listed("tea", others), day),
        RECOMMENDATIONS.name: write(tables, RECOMMENDATIONS, recommended("ann", others), day),
    }


def ids_of(tables, names):
    """What Delta calls each of these tables now."""
    return {name: DeltaTable(f"{tables}/{name}").metadata().id for name in names}


def decide(tables, *decisions):
    """Add decisions to the log: (decision, day, versions, ...), numbered on."""
    warehouse = Warehouse(str(tables))
    has_log = warehouse.has(PROMOTIONS.name)
    first = warehouse.version(PROMOTIONS.name) if has_log else 0
    rows = [
        {
            "number": number, "decided_as_of": day, "decision": decision, "served_as_of": day,
            "served_versions": versions, "served_tables": ids_of(tables, versions),
            "served_hit_rates": [], "checks": [], "reasons": ["why"],
        }
        for number, (decision, day, versions) in enumerate(decisions, first + 1)
    ]  # fmt: skip
    for row in rows:
        write(tables, PROMOTIONS, [row])


def at(day, hour=12):
    """A time of January 2024, UTC."""
    return datetime(2024, 1, day, hour)  # noqa: DTZ001 - a literal of UTC
