"""The rows of offer files as `offers`: who was issued what when, and what was known of it then."""

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import NumericType

from alsobought.ingest import account, parse
from alsobought.ingest.events import ColumnTypes, column_types, instant, offer_id
from alsobought.ingest.files import SOURCE_FILE
from alsobought.ingest.rules import (
    READ,
    REASONS,
    broken_rules,
    id_rules,
    parsed,
    source_column,
    time_rules,
)
from alsobought.ingest.settings import OfferSource
from alsobought.tables.offers import OFFERS
from alsobought.tables.outcome import JudgedRows


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
    Rules: unreadable_row, missing_<id>, unreadable_<id>, unreadable_time, future_time (at or after
           `as_of`), unreadable_number (text among `numbers` that is none).
    """
    kinds = column_types(lines)
    columns = [
        offer_id(source, kinds),
        _customer_id(source, kinds),
        instant(source, "issued_at", kinds),
        _features(source, kinds),
    ]
    rules = {
        **id_rules(["offer_id", "customer_id"]),
        **time_rules("issued_at", as_of),
        "unreadable_number": _unreadable_number(source, kinds),
    }
    return parsed(lines, columns).withColumns(
        {"source_file": F.col(SOURCE_FILE), REASONS: broken_rules(rules)}
    )


def _customer_id(source: OfferSource, kinds: ColumnTypes) -> Column:
    (mapped,) = source.named("customer_id")
    return parse.as_id(source_column(mapped), kinds[mapped]).alias("customer_id")


def _features(source: OfferSource, kinds: ColumnTypes) -> Column:
    numbers = [n for n in source.named("features") if isinstance(kinds[n], NumericType)]
    texts = [n for n in source.named("features") if n not in numbers]
    values = [
        (F.lit(n), parse.as_number(source_column(n), kinds[n]))
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
        raw, kind = F.col(READ).getField(name), kinds[name]
        is_given = parse.as_text(raw, kind).isNotNull()
        wrong = wrong | (is_given & parse.as_number(raw, kind).isNull())
    return wrong
