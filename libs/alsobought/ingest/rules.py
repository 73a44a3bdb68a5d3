"""Rules for a good purchase row, each named; every row gets all the rules that it broke."""

from collections.abc import Iterable
from datetime import date

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, StringType, StructType

from alsobought.ingest import parse
from alsobought.ingest.files import SOURCE_FILE, UNREADABLE
from alsobought.ingest.settings import ItemSource, PurchaseSource
from alsobought.tables.purchases import ITEMS, PURCHASES
from alsobought.tables.table import Table

IDS = ("customer_id", "order_id", "item_id")
DUPLICATE = "duplicate"
FUTURE = "future_time"
REASONS = "reasons"
UNDECODED = "\ufffd"  # what a decoder puts where bytes are not text in its encoding
READ = "_read"  # the row as it was read: a struct of the source's own columns


def classified(lines: DataFrame, source: PurchaseSource, as_of: date) -> DataFrame:
    """Every source row as `purchases` (null where unreadable), and the rules that it broke, sorted.

    In:    the source's columns as `files.read` gives them.
    Out:   the columns of `purchases`, `reasons`, and the row as read: `_read` (a struct of the
           source's own columns), `_source_file`, `_unreadable`.
    Rules: unreadable_row (not the columns of its header), missing_<id>, unreadable_<id> (bytes
           that the encoding cannot read), unreadable_time, future_time (at or after `as_of`),
           unreadable_quantity, unreadable_price, quantity_not_positive, duplicate (a row with the
           same key stays: a good one if there is one, the first by file otherwise).
    Cost:  one shuffle and sort of the rows by order and item.
    """
    kinds = {field.name: field.dataType for field in lines.schema}
    judged = parsed(lines, _parsed(source, kinds)).withColumns(
        {"line": _line_key(source), REASONS: listed(_rules(source, as_of))}
    )
    return without_duplicates(judged, PURCHASES.key, F.xxhash64(*PURCHASES.names))


def parsed(lines: DataFrame, columns: list[Column]) -> DataFrame:
    """Canonical `columns`, then the row as read: `_read`, `_source_file`, `_unreadable`."""
    own = own_columns(lines)
    as_read = F.struct(*[source_column(name) for name in own]).alias(READ)
    # Canonical columns take the place of the source's, so that Spark computes each of them once.
    return lines.select(*columns, as_read, SOURCE_FILE, UNREADABLE)


def listed(rules: dict[str, Column]) -> Column:
    """The names of the rules that a row breaks, sorted; none for nearly every row."""
    named = [F.when(rules[name], F.lit(name)) for name in sorted(rules)]
    # Building the list takes four times as long as asking whether there is anything to list.
    return F.when(F.coalesce(*named).isNotNull(), F.array_compact(F.array(*named))).otherwise(
        F.array().cast("array<string>")
    )


def id_rules(names: Iterable[str]) -> dict[str, Column]:
    """The rules of ids: there, and in the source's encoding; and of the row that holds them."""
    return {
        "unreadable_row": F.col(UNREADABLE).isNotNull(),
        **{f"missing_{name}": F.col(name).isNull() for name in names},
        **{f"unreadable_{name}": F.col(name).contains(UNDECODED) for name in names},
    }


def time_rules(name: str, as_of: date) -> dict[str, Column]:
    """The rules of a time: it can be read, and lies before the as-of day."""
    at = F.col(name)
    return {"unreadable_time": at.isNull(), FUTURE: at >= F.lit(as_of).cast("timestamp")}


def without_duplicates(judged: DataFrame, key: tuple[str, ...], canonical: Column) -> DataFrame:
    """`judged` with the reason duplicate on all rows of a key but one; null is no key.

    The one is good if any is, then the first by file; `canonical`, a hash of the row's columns,
    decides between the rows of one file.
    """
    tied = judged.withColumn("_tie", F.xxhash64(READ))
    best_first = [F.size(REASONS), F.col(SOURCE_FILE), canonical, F.col("_tie")]
    nth = F.row_number().over(Window.partitionBy(*key).orderBy(*best_first))
    has_key = F.lit(True)
    for name in key:
        has_key = has_key & F.col(name).isNotNull()
    with_duplicate = F.array_sort(F.array_append(REASONS, F.lit(DUPLICATE)))
    reasons = F.when(has_key & (F.col("_nth") > 1), with_duplicate).otherwise(F.col(REASONS))
    return tied.withColumn("_nth", nth).withColumn(REASONS, reasons).drop("_nth", "_tie")


def _line_key(source: PurchaseSource) -> Column:
    """The source's line id, else a hash of what the row says beside its order and item."""
    if "line" in source.columns:
        return F.coalesce("line", F.lit(""))
    said = ("customer_id", "purchased_at", "quantity", "price", "market")
    return F.lower(F.hex(F.xxhash64(*said, F.col("price").isNull())))


def _parsed(source: PurchaseSource, kinds: dict[str, DataType]) -> list[Column]:
    def mapped(name: str) -> Column:
        return source_column(str(source.columns[name]))

    def kind(name: str) -> DataType:
        return kinds[str(source.columns[name])]

    columns = {
        name: parse.as_id(mapped(name), kind(name))
        for name in (*IDS, "line", "market")
        if name in source.columns
    }
    columns["purchased_at"] = parse.as_time(
        mapped("purchased_at"), kind("purchased_at"), source.timestamp_format, source.time_zone
    )
    columns |= {
        name: parse.as_number(mapped(name), kind(name))
        for name in ("quantity", "price")
        if name in source.columns
    }
    columns["market"] = F.coalesce(columns.get("market", F.lit(None)), F.lit("all"))
    absent = {"quantity": F.lit(1.0), "price": F.lit(None).cast("double"), "line": F.lit("")}
    return [(absent | columns)[name].alias(name) for name in PURCHASES.names]


def _rules(source: PurchaseSource, as_of: date) -> dict[str, Column]:
    """Each rule of a parsed purchase, true where it is broken."""
    price_given = F.lit(False)
    if "price" in source.columns:
        raw_price = F.col(READ).getField(str(source.columns["price"]))
        price_given = parse.as_text(raw_price.cast("string"), StringType()).isNotNull()
    return {
        **id_rules(IDS),
        **time_rules("purchased_at", as_of),
        "unreadable_quantity": F.col("quantity").isNull(),
        "unreadable_price": F.col("price").isNull() & price_given,
        "quantity_not_positive": F.col("quantity") <= 0,
    }


def source_column(name: str) -> Column:
    """A source's column by its name, whatever signs it has."""
    return F.col("`" + name.replace("`", "``") + "`")


def own_columns(lines: DataFrame) -> list[str]:
    """The source's columns among those that `files.read` gives."""
    return [name for name in lines.columns if name not in (SOURCE_FILE, UNREADABLE)]


def good(rows: DataFrame, table: Table) -> DataFrame:
    """The judged rows that broke no rule, as rows of their table."""
    return rows.where(F.size(REASONS) == 0).select(*table.names)


def rejected(rows: DataFrame, source_columns: list[str]) -> DataFrame:
    """The judged rows that broke a rule, as they were read: source_file, reasons, row."""
    read = F.to_json(F.struct(*[F.col(READ).getField(name).alias(name) for name in source_columns]))
    broken = rows.where(F.size(REASONS) > 0)
    return broken.select(
        F.col(SOURCE_FILE).alias("source_file"),
        REASONS,
        F.coalesce(F.col(UNREADABLE), read).alias("row"),
    )


def catalogue(lines: DataFrame, source: ItemSource) -> DataFrame:
    """Every row of the source as `items`, plus `reasons`: the rules that it broke, sorted.

    In:    the source's columns as `files.read` gives them.
    Rules: unreadable_row, missing_item_id, unreadable_item_id, duplicate (one of the rows with the
           same id stays: one that breaks no other rule if there is one).
    Nulls: no title, brand or first_seen_at stays null; category and attributes leave nulls out;
           an unreadable is_available is true.
    """
    item = F.col("item_id")
    judged = lines.select(*_items(source, lines.schema), UNREADABLE)
    judged = judged.withColumn(REASONS, listed(id_rules(["item_id"])))
    order = [F.size(REASONS), F.to_json(F.struct(*ITEMS.names))]
    nth = F.row_number().over(Window.partitionBy("item_id").orderBy(*order))
    with_duplicate = F.array_sort(F.array_append(REASONS, F.lit(DUPLICATE)))
    reasons = F.when(item.isNotNull() & (nth > 1), with_duplicate).otherwise(F.col(REASONS))
    return judged.withColumn(REASONS, reasons).drop(UNREADABLE)


def _items(source: ItemSource, schema: StructType) -> list[Column]:
    """The columns of `items`, from those that the source maps."""
    kinds = {field.name: field.dataType for field in schema}

    def texts(name: str) -> list[tuple[str, Column]]:
        return [(n, parse.as_text(source_column(n), kinds[n])) for n in source.named(name)]

    def text(name: str) -> Column:
        return F.nullif(F.concat_ws(" ", *[value for _, value in texts(name)]), F.lit(""))

    available, first_seen_at = F.lit(True), F.lit(None).cast("timestamp")
    given = source.columns.get("is_available")
    if isinstance(given, str):
        available = F.coalesce(parse.as_boolean(source_column(given), kinds[given]), available)
    given = source.columns.get("first_seen_at")
    if isinstance(given, str):
        first_seen_at = parse.as_time(
            source_column(given), kinds[given], source.timestamp_format, source.time_zone
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
