"""The rows of catalogue files as `items`: one good row per item."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from alsobought.ingest import account, parse
from alsobought.ingest.rules import (
    REASONS,
    ColumnTypes,
    cleaned,
    column_types,
    good,
    parsed,
    row_rules,
    source_column,
    text_rules,
    with_duplicates,
    with_reasons,
)
from alsobought.ingest.settings import ItemSource
from alsobought.tables.outcome import Outcome
from alsobought.tables.purchases import ITEMS


def items(lines: DataFrame, source: ItemSource) -> Outcome:
    """One row per item that has an id, refused where too many rows have none or repeat one.

    Each file of the table holds a range of items, so that a look-up reads one.
    """
    judged = classified(lines, source).select(*ITEMS.names, REASONS)
    limits = account.Limits(source, "items", "give every item one row with an id.")
    rows = good(judged, ITEMS).repartitionByRange("item_id")
    return Outcome(rows, account.count_rows(judged), limits.judge_row, reused=(judged,))


def classified(lines: DataFrame, source: ItemSource) -> DataFrame:
    """Every source row as `items`, plus `reasons`: the rules that it broke, sorted.

    In:    the source's columns as `files.read` gives them.
    Rules: unreadable_row, missing_item_id, unreadable_<text column>, duplicate (of the rows with
           the same id that break no other rule one stays, if there is one with a title).
    Nulls: no title, brand or first_seen_at stays null; category and attributes leave nulls out;
           an unreadable is_available is true.
    """
    texts = cleaned(lines, source)
    rows = parsed(texts, _columns(source, column_types(texts)))
    rules = {**row_rules(["item_id"]), **text_rules(source, _texts())}
    judged = with_reasons(rows, rules).select(*ITEMS.names, REASONS)
    by_content = F.to_json(F.struct(*ITEMS.names))
    return with_duplicates(judged, ITEMS.key, [F.col("title").isNull(), by_content])


def _texts() -> dict[str, Column]:
    """The columns of `items` that hold text, as text."""
    of_one = {name: F.col(name) for name in ("item_id", "title", "brand")}
    values = F.concat_ws(",", F.map_values("attributes"))
    return {**of_one, "category": F.concat_ws(",", "category"), "attributes": values}


def _columns(source: ItemSource, kinds: ColumnTypes) -> list[Column]:
    """The columns of `items`, from those that the source maps."""

    def texts(name: str) -> list[tuple[str, Column]]:
        return [(n, parse.as_text(source_column(n), kinds[n])) for n in source.named(name)]

    def text(name: str) -> Column:
        return F.nullif(F.concat_ws(" ", *[value for _, value in texts(name)]), F.lit(""))

    available, first_seen_at = F.lit(True), F.lit(None).cast("timestamp")
    mapped = source.columns.get("is_available")
    if isinstance(mapped, str):
        available = F.coalesce(parse.as_boolean(source_column(mapped), kinds[mapped]), available)
    mapped = source.columns.get("first_seen_at")
    if isinstance(mapped, str):
        first_seen_at = parse.as_time(
            source_column(mapped), kinds[mapped], source.timestamp_format, source.time_zone
        )
    path = F.array(*[value for _, value in texts("category")]).cast("array<string>")
    named = [part for name, value in texts("attributes") for part in (F.lit(name), value)]
    attributes = F.create_map(*named).cast("map<string,string>")
    columns = {
        **{name: text(name) for name in ("item_id", "title", "brand")},
        "category": F.array_compact(path),
        "is_available": available,
        "first_seen_at": first_seen_at,
        "attributes": F.map_filter(attributes, lambda _, value: value.isNotNull()),
    }
    return [columns[name].alias(name) for name in ITEMS.names]
