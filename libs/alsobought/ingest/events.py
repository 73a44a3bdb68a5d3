"""Rules for good rows of offers and of what follows them: engagements, redemptions."""

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, NumericType

from alsobought.ingest import parse
from alsobought.ingest.rules import (
    READ,
    REASONS,
    id_rules,
    listed,
    parsed,
    source_column,
    time_rules,
    without_duplicates,
)
from alsobought.ingest.settings import EngagementSource, OfferSource, RedemptionSource
from alsobought.tables.offers import ENGAGEMENTS, OFFERS, REDEMPTIONS
from alsobought.tables.table import Table

EventSource = EngagementSource | RedemptionSource
Kinds = dict[str, DataType]


def offers(lines: DataFrame, source: OfferSource, as_of: date) -> DataFrame:
    """Every source row as `offers` (null where unreadable), and the rules that it broke, sorted.

    In:    the source's columns as `files.read` gives them.
    Out:   the columns of `offers`, `reasons`, and the row as read (see `rules.parsed`). In
           `features` a number column is its value under its own name, a column of any other type
           is 'name=value' -> 1; a column among `numbers` is a number also where the file holds
           text. Nulls are left out.
    Rules: unreadable_row, missing_<id>, unreadable_<id>, unreadable_time, future_time (at or after
           `as_of`), unreadable_number (text among `numbers` that is none), duplicate (the same
           offer_id; one row stays, a good one if there is one).
    Cost:  one shuffle and sort of the rows by offer.
    """
    kinds = _kinds(lines)
    columns = [
        _offer_id(source, kinds),
        _id(source, "customer_id", kinds),
        _time(source, "issued_at", kinds),
        _features(source, kinds),
    ]
    rules = {
        **id_rules(["offer_id", "customer_id"]),
        **time_rules("issued_at", as_of),
        "unreadable_number": _unreadable_number(source, kinds),
    }
    judged = parsed(lines, columns).withColumn(REASONS, listed(rules))
    says = [F.map_entries(name) if name == "features" else F.col(name) for name in OFFERS.names]
    return without_duplicates(judged, OFFERS.key, F.xxhash64(*says))


def engagements(lines: DataFrame, source: EngagementSource, as_of: date) -> DataFrame:
    """Every source row as `engagements`, and the rules that it broke, sorted; see `redemptions`."""
    return _events(lines, source, ENGAGEMENTS, as_of)


def redemptions(lines: DataFrame, source: RedemptionSource, as_of: date) -> DataFrame:
    """Every source row as `redemptions`, and the rules that it broke, sorted.

    Rules: unreadable_row, missing_offer_id, unreadable_offer_id, unreadable_time, future_time (at
           or after `as_of`), duplicate (the same offer at the same time).
    Cost:  one shuffle and sort of the rows by offer and time.
    """
    return _events(lines, source, REDEMPTIONS, as_of)


def _events(lines: DataFrame, source: EventSource, table: Table, as_of: date) -> DataFrame:
    kinds, (_, at) = _kinds(lines), table.names
    columns = [_offer_id(source, kinds), _time(source, at, kinds)]
    rules = {**id_rules(["offer_id"]), **time_rules(at, as_of)}
    judged = parsed(lines, columns).withColumn(REASONS, listed(rules))
    return without_duplicates(judged, table.key, F.xxhash64(*table.names))


def _kinds(lines: DataFrame) -> Kinds:
    return {field.name: field.dataType for field in lines.schema}


def _offer_id(source: OfferSource | EventSource, kinds: Kinds) -> Column:
    """The offer's id, its columns joined with '-'; null where one of them is."""
    parts = [parse.as_id(source_column(n), kinds[n]) for n in source.named("offer_id")]
    joined = [part for each in parts for part in (F.lit("-"), each)][1:]
    return F.concat(*joined).alias("offer_id")


def _id(source: OfferSource, name: str, kinds: Kinds) -> Column:
    (mapped,) = source.named(name)
    return parse.as_id(source_column(mapped), kinds[mapped]).alias(name)


def _time(source: OfferSource | EventSource, name: str, kinds: Kinds) -> Column:
    (mapped,) = source.named(name)
    pattern, zone = source.timestamp_format, source.time_zone
    return parse.as_time(source_column(mapped), kinds[mapped], pattern, zone).alias(name)


def _features(source: OfferSource, kinds: Kinds) -> Column:
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
    given = F.array_compact(F.array(*entries)) if entries else F.array()
    kind = "array<struct<name:string,value:double>>"
    return F.map_from_entries(given.cast(kind)).alias("features")


def _unreadable_number(source: OfferSource, kinds: Kinds) -> Column:
    """True where a column among `numbers` holds text that is no number."""
    wrong = F.lit(False)
    for name in source.named("numbers"):
        raw, kind = F.col(READ).getField(name), kinds[name]
        given = parse.as_text(raw, kind).isNotNull()
        wrong = wrong | (given & parse.as_number(raw, kind).isNull())
    return wrong
