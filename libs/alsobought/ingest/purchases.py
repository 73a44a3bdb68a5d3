"""The lines of purchase files as `purchases`: good rows, and the rules that the others broke."""

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import DataType

from alsobought.ingest import account, parse
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
from alsobought.ingest.settings import PurchaseSource, Returns
from alsobought.tables.outcome import JudgedRows
from alsobought.tables.purchases import PURCHASES

WHO = ("customer_id", "order_id")
TEXTS = (*WHO, "item_id", "line", "market")
PRICE_TEXT = "_price"  # as it was read
IS_RETURN = "_is_return"
SAYS = tuple(name for name in PURCHASES.names if name != "source_file")


def purchases(lines: DataFrame, source: PurchaseSource, as_of: date) -> JudgedRows:
    """Every row of `lines`, judged, refused where too many are bad; see `classified`.

    Rows with one line id may differ, so the last file's corrects the others'; without line ids,
    rows of one key say the same.
    """
    limits = account.Limits(source, "purchases", "rejected_purchases has them.")
    judged = classified(lines, source, as_of)
    if "line" in source.columns:
        return account.judged_by_line(judged, PURCHASES, limits)
    return account.judged_by_content(judged, PURCHASES, limits)


def classified(lines: DataFrame, source: PurchaseSource, as_of: date) -> DataFrame:
    """Every source row as `purchases` (null where unreadable), and the rules that it broke, sorted.

    In:    the source's columns as `files.read` gives them.
    Out:   the columns of `purchases`, `reasons`, and the row as read: `_read` (a struct of the
           source's own columns), `_source_file`, `_unreadable`.
    Rules: unreadable_row (not the columns of its header), missing_item_id,
           no_order_and_no_customer (a line may lack one of the two), unreadable_<text column>
           (bytes that the encoding cannot read), unreadable_time, future_time (at or after
           `as_of`), unreadable_quantity, unreadable_price, quantity_not_positive, price_negative
           (a return may have such a price). Of a return the quantity is the units returned, below 0
           whatever the sign in the source.
    """
    texts = cleaned(lines, source)
    rows = parsed(texts, _columns(source, column_types(texts)))
    judged = with_reasons(rows, _rules(source, as_of)).drop(PRICE_TEXT, IS_RETURN)
    return judged.withColumns({"line": _line_key(source), "source_file": F.col(SOURCE_FILE)})


def _line_key(source: PurchaseSource) -> Column:
    """The source's line id, else a hash of what the row says beside its order and item."""
    if "line" in source.columns:
        line = F.coalesce("line", F.lit(""))
        # of two customers without an order, both may have a line 1
        return F.when(F.col("order_id").isNull(), F.concat_ws("-", "customer_id", line)).otherwise(
            line
        )
    said = ("customer_id", "purchased_at", "quantity", "price", "market")
    return F.lower(F.hex(F.xxhash64(*said, F.col("price").isNull())))


def _columns(source: PurchaseSource, kinds: ColumnTypes) -> list[Column]:
    def mapped(name: str) -> Column:
        return source_column(str(source.columns[name]))

    def kind(name: str) -> DataType:
        return kinds[str(source.columns[name])]

    columns = {
        name: parse.as_id(mapped(name), kind(name)) for name in TEXTS if name in source.columns
    }
    columns["purchased_at"] = parse.as_time(
        mapped("purchased_at"), kind("purchased_at"), source.timestamp_format, source.time_zone
    )
    columns |= {
        name: parse.as_number(mapped(name), kind(name), source.decimal, source.thousands)
        for name in ("quantity", "price")
        if name in source.columns
    }
    is_return = F.lit(False)
    if source.returns is not None:
        is_return = _is_return(source.returns, columns, kinds)
        units = columns.get("quantity", F.lit(1.0))
        columns["quantity"] = F.when(is_return, -F.abs(units)).otherwise(units)
    columns["market"] = F.coalesce(columns.get("market", F.lit(None)), F.lit("all"))
    no_text, no_number = F.lit(None).cast("string"), F.lit(None).cast("double")
    absent = dict.fromkeys(WHO, no_text)
    absent |= {"quantity": F.lit(1.0), "price": no_number, "line": F.lit("")}
    price_text = mapped("price") if "price" in source.columns else no_text
    return [
        *[(absent | columns)[name].alias(name) for name in SAYS],
        price_text.cast("string").alias(PRICE_TEXT),
        is_return.alias(IS_RETURN),
    ]


def _is_return(returns: Returns, columns: dict[str, Column], kinds: ColumnTypes) -> Column:
    """Whether a row of these parsed columns is a return."""
    if returns.order_prefix:
        is_return = columns["order_id"].startswith(returns.order_prefix)
    elif returns.type_column:
        type_ = parse.as_id(source_column(returns.type_column), kinds[returns.type_column])
        is_return = type_.isin(returns.type_values)
    else:
        is_return = columns["quantity"] < 0
    return F.coalesce(is_return, F.lit(False))


def _rules(source: PurchaseSource, as_of: date) -> dict[str, Column]:
    """Each rule of a parsed purchase, true where it is broken."""
    units = F.col("quantity")
    return {
        **row_rules(["item_id"]),
        **text_rules(source, {name: F.col(name) for name in TEXTS}),
        "no_order_and_no_customer": F.coalesce(*WHO).isNull(),
        **time_rules("purchased_at", as_of),
        "unreadable_quantity": F.col("quantity").isNull(),
        "unreadable_price": F.col("price").isNull() & F.col(PRICE_TEXT).isNotNull(),
        "price_negative": (F.col("price") < 0) & ~F.col(IS_RETURN),
        "quantity_not_positive": F.when(F.col(IS_RETURN), units == 0).otherwise(units <= 0),
    }
