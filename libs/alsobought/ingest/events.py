"""What offers and their events share: the offer's id, an instant, the rules of an event."""

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import DataType

from alsobought.ingest import parse
from alsobought.ingest.files import SOURCE_FILE
from alsobought.ingest.rules import (
    REASONS,
    broken_rules,
    id_rules,
    parsed,
    source_column,
    time_rules,
)
from alsobought.ingest.settings import EngagementSource, RedemptionSource, Source
from alsobought.tables.table import Table

ColumnTypes = dict[str, DataType]


def classified(
    lines: DataFrame, source: EngagementSource | RedemptionSource, table: Table, as_of: date
) -> DataFrame:
    """Every source row as `engagements` or `redemptions`, and the rules that it broke, sorted.

    Rules: unreadable_row, missing_offer_id, unreadable_offer_id, unreadable_time, future_time (at
           or after `as_of`).
    """
    kinds, (_, at) = column_types(lines), table.key
    columns = [offer_id(source, kinds), instant(source, at, kinds)]
    rules = {**id_rules(["offer_id"]), **time_rules(at, as_of)}
    return parsed(lines, columns).withColumns(
        {"source_file": F.col(SOURCE_FILE), REASONS: broken_rules(rules)}
    )


def column_types(lines: DataFrame) -> ColumnTypes:
    """The type of each source column."""
    return {field.name: field.dataType for field in lines.schema}


def offer_id(source: Source, kinds: ColumnTypes) -> Column:
    """The offer's id, its columns joined with '-'; null where one of them is."""
    parts = [parse.as_id(source_column(n), kinds[n]) for n in source.named("offer_id")]
    with_dashes = [column for part in parts for column in (F.lit("-"), part)][1:]
    return F.concat(*with_dashes).alias("offer_id")


def instant(source: Source, name: str, kinds: ColumnTypes) -> Column:
    """The source's time called `name`, as an instant; null where it is unreadable."""
    (mapped,) = source.named(name)
    pattern, zone = source.timestamp_format, source.time_zone
    return parse.as_time(source_column(mapped), kinds[mapped], pattern, zone).alias(name)
