"""Purchases as the rows of one part of customers, made as workers make them, without Spark."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa

from alsobought.copurchase.engine.stages.lines import Lines
from alsobought.recommend.coded_items import item_codes
from alsobought.recommend.customer_parts import lines_by_part

FIRST = date(2017, 11, 1)
SCHEMA = pa.schema(
    {
        "market": pa.string(),
        "customer_id": pa.string(),
        "item_id": pa.string(),
        "purchased_at": pa.timestamp("us", "UTC"),
    }
)


@dataclass
class Sent:
    """What a worker gets of a broadcast."""

    value: Any


def codes_of_items(market, items):
    return item_codes(pa.table({"market": [market] * len(items), "item_id": list(items)}))


def part_rows(lines, codes):
    """PARTED rows of lines (market, customer, item, seconds from FIRST on), of one task."""
    start = datetime(FIRST.year, FIRST.month, FIRST.day)  # noqa: DTZ001 - as UTC below
    columns = zip(*((*line[:3], start + timedelta(seconds=line[3])) for line in lines), strict=True)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)]
    batch = pa.record_batch(arrays, schema=SCHEMA)

    def in_this_process(run, schema, columns):
        return list(run(iter([batch.select(columns)])))

    window = Lines(len(lines), in_this_process)
    return lines_by_part(window, Sent(codes), FIRST, 1)
