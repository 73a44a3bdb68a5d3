"""The rows of offer files as `offers`: who was issued what when, and what was known of it then."""

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import NumericType

from alsobought.ingest import account, parse
from alsobought.ingest.events import instant, offer_id
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
from alsobought.ingest.settings import OfferSource
from alsobought.tables.offers import OFFERS
from alsobought.tables.outcome import JudgedRows

UNREADABLE_NUMBER = "_unreadable_number"


def offers(lines: DataFrame, source: OfferSource, as_of: date) -> JudgedRows:
    """Every row of `lines`, judged, refused where too many are bad; see `classified`."""
    limits = account.Limits(source, "offers", "rejected_events has them.")
    return account.judged_by_line(classified(lines, source, as_of), OFFERS, limits)


def classified(lines: DataFrame, source: OfferSource, as_of: date) -> DataFrame:
    """Every source row as `offers` (null where unreadable), and the rules that it broke, sorted.

    In:    the source's columns as `files.read` gives them.
    Out:   the columns of `offers`, `reasons`, and the row as read (see `rules.parsed`). In
           `features` a number column is its value under its own name, a column of any other type
           is 'name=value' -> 1; a column among `numbers` is a number also where the file holds
           text. Nulls are left out.
    Rules: unreadable_row, missing_<id>, unreadable_<text column>, unreadable_time, future_time (at
           or after `as_of`), unreadable_number (text among `numbers` that is none).
    """
    texts = cleaned(lines, source)
    kinds = column_types(texts)
    columns = [
        offer_id(source, kinds),
        _customer_id(source, kinds),
        instant(source, "issued_at", kinds),
        _features(source, kinds),
        _unreadable_number(source, kinds).alias(UNREADABLE_NUMBER),
    ]
    rules = {
        **row_rules(["offer_id", "customer_id"]),
        **text_rules(
            source,
            {
                "offer_id": F.col("offer_id"),
                "customer_id": F.col("customer_id"),
                "features": F.concat_ws(",", F.map_keys("features")),
            },
        ),
        **time_rules("issued_at", as_of),
        "unreadable_number": F.col(UNREADABLE_NUMBER),
    }
    judged = with_reasons(parsed(texts, columns), rules).drop(UNREADABLE_NUMBER)
    return judged.withColumn("source_file", F.col(SOURCE_FILE))


def _customer_id(source: OfferSource, kinds: ColumnTypes) -> Column:
    (mapped,) = source.named("customer_id")
    return parse.as_id(source_column(mapped), kinds[mapped]).alias("customer_id")


def _features(source: OfferSource, kinds: ColumnTypes) -> Column:
    numbers = [n for n in source.named("features") if isinstance(kinds[n], NumericType)]
    texts = [n for n in source.named("features") if n not in numbers]
    values = [
        (F.lit(n), parse.as_number(source_column(n), kinds[n], source.decimal, source.thousands))
        for n in (*numbers, *source.named("numbers"))
    ]
    for n in texts:
        text = parse.as_text(source_column(n), kinds[n])
        values.append((F.concat(F.lit(f"{n}="), text), F.when(text.isNotNull(), F.lit(1.0))))
    entries = [
        F.when(value.isNotNull(), F.struct(name.alias("name"), value.alias("value")))
        for name, value in values
    ]
    present = F.array_compact(F.array(*entries)) if entries else F.array()
    entry_type = "array<struct<name:string,value:double>>"
    return F.map_from_entries(present.cast(entry_type)).alias("features")


def _unreadable_number(source: OfferSource, kinds: ColumnTypes) -> Column:
    """True where a column among `numbers` holds text that is no number."""
    wrong = F.lit(False)
    for name in source.named("numbers"):
        text, kind = source_column(name), kinds[name]
        is_given = parse.as_text(text, kind).isNotNull()
        number = parse.as_number(text, kind, source.decimal, source.thousands)
        wrong = wrong | (is_given & number.isNull())
    return wrong
