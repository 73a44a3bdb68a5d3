"""Rules for a good purchase row, each named; every row gets all the rules that it broke."""

from datetime import date

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.types import DataType

from alsobought.ingest import parse
from alsobought.ingest.files import SOURCE_FILE, UNREADABLE
from alsobought.ingest.source import ItemSource, PurchaseSource
from alsobought.tables import PURCHASES

IDS = ("customer_id", "order_id", "item_id")
DUPLICATE = "duplicate"
FUTURE = "future_time"
REASONS = "reasons"


def classified(lines: DataFrame, source: PurchaseSource, as_of: date) -> DataFrame:
    """Every source row with its canonical columns and `reasons`: the rules that it broke, sorted.

    In:    the source's columns as `files.read` gives them.
    Out:   the same, plus the columns of `purchases` (null where unreadable) and `reasons`.
    Rules: unreadable_row (not the columns of its header), missing_<id>, unreadable_<id> (bytes
           that the encoding cannot read), unreadable_time, future_time (at or after `as_of`),
           unreadable_quantity, unreadable_price, quantity_not_positive, duplicate (a row with the
           same key stays: a good one if there is one, the first by file otherwise).
    Cost:  one shuffle of the rows by order and item.
    """
    kinds = {field.name: field.dataType for field in lines.schema}
    canonical = {name: F.col(f"_canonical.{name}") for name in PURCHASES.names}
    parsed = lines.withColumn("_canonical", F.struct(*_parsed(source, kinds)))
    judged = parsed.withColumn("_broken", _broken(source, as_of)).withColumns(
        {name: value for name, value in canonical.items() if name != "line"}
        | {"_key": _line_key(source)}
    )
    best_first = [F.size("_broken"), F.col(SOURCE_FILE), F.xxhash64("_canonical")]
    same = Window.partitionBy("order_id", "item_id", "_key").orderBy(*best_first)
    has_key = F.col("order_id").isNotNull() & F.col("item_id").isNotNull()
    repeated = F.when(has_key & (F.row_number().over(same) > 1), F.lit(DUPLICATE))
    reasons = F.array_sort(F.concat("_broken", F.array_compact(F.array(repeated))))
    return judged.withColumns({REASONS: reasons, "line": F.col("_key")})


def _line_key(source: PurchaseSource) -> Column:
    """The source's line id, else a hash of what the row says beside its order and item."""
    if "line" in source.columns:
        return F.coalesce(F.col("_canonical.line"), F.lit(""))
    said = ("customer_id", "purchased_at", "quantity", "price", "market")
    values = [F.col(f"_canonical.{name}") for name in said]
    return F.lower(F.hex(F.xxhash64(*values, F.col("_canonical.price").isNull())))


def _parsed(source: PurchaseSource, kinds: dict[str, DataType]) -> list[Column]:
    def mapped(name: str) -> Column:
        return _source_column(str(source.columns[name]))

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
        name: parse.as_number(mapped(name))
        for name in ("quantity", "price")
        if name in source.columns
    }
    columns["market"] = F.coalesce(columns.get("market", F.lit(None)), F.lit("all"))
    absent = {"quantity": F.lit(1.0), "price": F.lit(None).cast("double"), "line": F.lit("")}
    return [(absent | columns)[name].alias(name) for name in PURCHASES.names]


def _broken(source: PurchaseSource, as_of: date) -> Column:
    def value(name: str) -> Column:
        return F.col(f"_canonical.{name}")

    price_given = F.lit(False)
    if "price" in source.columns:
        raw_price = _source_column(str(source.columns["price"]))
        price_given = F.trim(raw_price.cast("string")) != ""
    rules = {
        "unreadable_row": F.col(UNREADABLE).isNotNull(),
        **{f"missing_{name}": value(name).isNull() for name in IDS},
        **{f"unreadable_{name}": value(name).contains("\ufffd") for name in IDS},
        "unreadable_time": value("purchased_at").isNull(),
        FUTURE: value("purchased_at") >= F.lit(as_of).cast("timestamp"),
        "unreadable_quantity": value("quantity").isNull(),
        "unreadable_price": price_given & value("price").isNull(),
        "quantity_not_positive": value("quantity") <= 0,
    }
    return F.array_compact(F.array(*[F.when(broken, F.lit(n)) for n, broken in rules.items()]))


def _source_column(name: str) -> Column:
    return F.col("`" + name.replace("`", "``") + "`")


def good(rows: DataFrame) -> DataFrame:
    """The rows of `classified` that broke no rule, as `purchases`."""
    return rows.where(F.size(REASONS) == 0).select(*PURCHASES.names)


def rejected(rows: DataFrame, source_columns: list[str]) -> DataFrame:
    """The rows of `classified` that broke a rule, as `rejected_purchases`: as they were read."""
    read = F.to_json(F.struct(*[_source_column(name) for name in source_columns]))
    broken = rows.where(F.size(REASONS) > 0)
    return broken.select(
        F.col(SOURCE_FILE).alias("source_file"),
        REASONS,
        F.coalesce(F.col(UNREADABLE), read).alias("row"),
    )


def catalogue(lines: DataFrame, source: ItemSource) -> DataFrame:
    """Every row of the source as `items`, plus `reasons`: missing_item_id or duplicate, or none.

    In:    the source's columns as `files.read` gives them.
    Nulls: no title, brand or first_seen_at stays null; category and attributes leave nulls out;
           an unreadable is_available is true.
    """
    kinds = {field.name: field.dataType for field in lines.schema}

    def texts(name: str) -> list[tuple[str, Column]]:
        mapped = source.columns.get(name, [])
        names = [mapped] if isinstance(mapped, str) else mapped
        return [(n, parse.as_text(_source_column(n), kinds[n])) for n in names]

    def text(name: str) -> Column:
        values = [value for _, value in texts(name)]
        return F.nullif(F.concat_ws(" ", *values), F.lit(""))

    given = source.columns.get("first_seen_at")
    first_seen_at = F.lit(None).cast("timestamp")
    if isinstance(given, str):
        first_seen_at = parse.as_time(
            _source_column(given), kinds[given], source.timestamp_format, source.time_zone
        )
    available = source.columns.get("is_available")
    is_available = F.lit(True)
    if isinstance(available, str):
        is_available = F.coalesce(parse.as_boolean(_source_column(available)), F.lit(True))
    attributes = [part for name, value in texts("attributes") for part in (F.lit(name), value)]
    no_attributes = F.create_map().cast("map<string,string>")
    items = lines.select(
        text("item_id").alias("item_id"),
        text("title").alias("title"),
        text("brand").alias("brand"),
        F.array_compact(F.array(*[v for _, v in texts("category")]).cast("array<string>")).alias(
            "category"
        ),
        is_available.alias("is_available"),
        first_seen_at.alias("first_seen_at"),
        (
            F.map_filter(F.create_map(*attributes), lambda _, value: value.isNotNull())
            if attributes
            else no_attributes
        ).alias("attributes"),
    )
    order = [F.to_json(F.struct("title", "brand", "category", "is_available", "attributes"))]
    nth = F.row_number().over(Window.partitionBy("item_id").orderBy(*order))
    reason = F.when(F.col("item_id").isNull(), F.lit("missing_item_id")).when(
        nth > 1, F.lit(DUPLICATE)
    )
    return items.withColumn(REASONS, F.array_compact(F.array(reason)))
