"""What offers and their events share: the offer's id, an instant, the rules of an event."""

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from alsobought.ingest import parse
from alsobought.ingest.files import SOURCE_FILE
from alsobought.ingest.rules import (
    ColumnTypes,
    cleaned,
    column_types,
    parsed,
    row_rules,
    source_column,
    text_rules,
    time_rules,
    with_reasons,
)
from alsobought.ingest.settings import EngagementSource, RedemptionSource, Source
from alsobought.tables.table import Table


def classified(
    lines: DataFrame, source: EngagementSource | RedemptionSource, table: Table, as_of: date
) -> DataFrame:
    """Every source row as `engagements` or `redemptions`, and the rules that it broke, sorted.

    Rules: unreadable_row, missing_offer_id, unreadable_offer_id, unreadable_time, future_time (at
           or after `as_of`).
    """
    texts, (_, at) = cleaned(lines, source), table.key
    kinds = column_types(texts)
    columns = [offer_id(source, kinds), instant(source, at, kinds)]
    rules = {
        **row_rules(["offer_id"]),
        **text_rules(source, {"offer_id": F.col("offer_id")}),
        **time_rules(at, as_of),
    }
    judged = with_reasons(parsed(texts, columns), rules)
    return judged.withColumn("source_file", F.col(SOURCE_FILE))


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
