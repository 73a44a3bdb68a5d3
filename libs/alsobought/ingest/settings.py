"""What a source is: where its files lie, how to read them, which columns mean what."""

from typing import Any, Literal, TypeVar

from pydantic import Field, field_validator, model_validator

from alsobought.ingest import time_patterns
from alsobought.settings import Count, Section, Settings, Share

Columns = dict[str, str | list[str]]

PURCHASE_COLUMNS = {
    "customer_id", "order_id", "item_id", "line", "purchased_at", "quantity", "price", "market",
}  # fmt: skip
ITEM_COLUMNS = {
    "item_id", "title", "brand", "category", "is_available", "first_seen_at", "attributes",
}  # fmt: skip
OFFER_COLUMNS = {"offer_id", "customer_id", "issued_at", "features", "numbers"}
Encoding = Literal[
    "UTF-8", "windows-1252", "ISO-8859-1", "US-ASCII", "UTF-16", "UTF-16BE", "UTF-16LE", "UTF-32"
]
JOINABLE = {"title", "category", "attributes", "offer_id", "features", "numbers"}


class Source(Settings):
    """One [sources.*] section of conf/<env>.toml: files, and the mapping to canonical columns."""

    path: str
    """A file, folder or glob; relative to the project, or to `package` where that is given."""
    package: str = ""
    """An installed Python package that holds the file."""
    format: Literal["csv", "json", "parquet", "delta"]
    """json means one object a line."""
    columns: Columns
    """Canonical column = source column; those in JOINABLE take a list of them."""
    delimiter: str = ","
    header: bool = True
    """false: the source's columns are called _c0, _c1, ..."""
    encoding: Encoding = "UTF-8"
    quote: str = '"'
    multi_line: bool = False
    """true: a quoted CSV field may hold line breaks (such a file is read by one task)."""
    decimal: Literal[".", ","] = "."
    """What comes before the decimals of a number that is text."""
    thousands: Literal["", ",", ".", " ", "'"] = ""
    """What may stand between groups of three digits."""
    timestamp_format: str = ""
    """A Spark datetime pattern, unix_seconds or unix_milliseconds; empty: ISO 8601."""
    time_zone: str = "UTC"
    """The zone of times that do not name one themselves."""
    max_rejected_share: Share = 0.05
    """More rows than this break a rule: the job fails. Rows that lie ahead are not counted here."""
    max_future_share: Share = 0.05
    """More rows than this lie at or after the as-of day: the job fails. Raise it to backfill."""

    @field_validator("timestamp_format")
    @classmethod
    def _letters_of_spark(cls, pattern: str) -> str:
        fault = time_patterns.fault(pattern)
        if fault:
            raise ValueError(fault)
        return pattern

    @field_validator("time_zone")
    @classmethod
    def _zone_exists(cls, name: str) -> str:
        from zoneinfo import available_timezones

        if name not in available_timezones():
            raise ValueError(f"{name!r} is not a time zone such as UTC or Europe/Berlin")
        return name

    @field_validator("delimiter", "quote")
    @classmethod
    def _one_character(cls, mark: str) -> str:
        if len(mark) != 1:
            raise ValueError(f"{mark!r} must be one character")
        return mark

    @model_validator(mode="after")
    def _marks_differ(self) -> "Source":
        if self.decimal == self.thousands:
            raise ValueError(f"decimal and thousands are both {self.decimal!r}: one is wrong")
        if self.format == "json" and (self.decimal, self.thousands) != (".", ""):
            raise ValueError(
                "decimal and thousands cannot be given for format = 'json', whose numbers are "
                "always written as 1234.5"
            )
        return self

    @model_validator(mode="after")
    def _lists_where_they_make_sense(self) -> "Source":
        for name, mapped in self.columns.items():
            if isinstance(mapped, list) and name not in JOINABLE:
                raise ValueError(f"columns.{name} must name one column, not a list")
        return self

    @property
    def bearing_upon_rows(self) -> dict[str, Any]:
        """The settings by which a line becomes a row: all but where files are, and the limits."""
        elsewhere = {"path", "package", "max_rejected_share", "max_future_share", "arrival"}
        return self.model_dump(mode="json", exclude=elsewhere)

    @property
    def source_columns(self) -> list[str]:
        """Every source column that the mapping names, once, in order."""
        return list(dict.fromkeys(name for mapped in self.columns for name in self.named(mapped)))

    def named(self, column: str) -> list[str]:
        """The source columns that one canonical column is made of, once each; none: not mapped."""
        mapped = self.columns.get(column, [])
        return list(dict.fromkeys([mapped] if isinstance(mapped, str) else mapped))


def _mapping(columns: Columns, allowed: set[str], required: set[str]) -> Columns:
    faults = [f"unknown column {name}" for name in sorted(columns.keys() - allowed)]
    faults += [f"missing column {name}" for name in sorted(required - columns.keys())]
    if faults:
        raise ValueError(f"{', '.join(faults)}; it may map {', '.join(sorted(allowed))}")
    return columns


class Returns(Settings):
    """[sources.purchases.returns]: by what a row is a return; just one of three."""

    order_prefix: str = ""
    """The order ids of returns begin so."""
    type_column: str = ""
    """The source's column that says what a row is."""
    type_values: list[str] = Field(default=[])
    """What it says of returns."""
    negative_quantity: bool = False
    """true: a row with a quantity below 0."""

    @field_validator("type_values")
    @classmethod
    def _trimmed(cls, values: list[str]) -> list[str]:
        return [value.strip() for value in values]

    @model_validator(mode="after")
    def _one_way(self) -> "Returns":
        ways = [self.order_prefix, self.type_column, self.negative_quantity]
        if sum(map(bool, ways)) != 1 or bool(self.type_column) != bool(self.type_values):
            raise ValueError(
                "name one of order_prefix, type_column with type_values, negative_quantity = true"
            )
        return self


class Arrival(Settings):
    """[sources.purchases.arrival]: when the lines of the day before the as-of day are all there."""

    min_share: Share
    """Least lines of a market, as a share of the median of the same weekday in the weeks before."""
    weeks: Count = 4
    """So many weeks before."""
    min_lines: Count = 100
    """A market with a smaller median is not compared."""


class PurchaseSource(Source):
    """The mapping of purchases: item and time are required, and a customer, an order or both."""

    arrival: Arrival | None = None
    """What must be there of the last day; None: whatever has come will do."""
    returns: Returns | None = None
    """By what a row is a return; None: a row with a quantity of 0 or less is broken."""

    @field_validator("columns")
    @classmethod
    def _columns(cls, columns: Columns) -> Columns:
        mapped = _mapping(columns, PURCHASE_COLUMNS, {"item_id", "purchased_at"})
        if not {"customer_id", "order_id"} & mapped.keys():
            raise ValueError("map customer_id, order_id or both: without them nothing is together")
        return mapped

    @model_validator(mode="after")
    def _returns_can_be_told(self) -> "PurchaseSource":
        if self.returns is not None:
            needed = "order_id" if self.returns.order_prefix else "quantity"
            if not self.returns.type_column and needed not in self.columns:
                raise ValueError(f"returns can only be told where columns maps {needed}")
        return self

    @property
    def source_columns(self) -> list[str]:
        """Also the column that tells returns."""
        told_by = [self.returns.type_column] if self.returns and self.returns.type_column else []
        return list(dict.fromkeys([*super().source_columns, *told_by]))


class ItemSource(Source):
    """The mapping of the catalogue: only the item's id is required."""

    @field_validator("columns")
    @classmethod
    def _columns(cls, columns: Columns) -> Columns:
        return _mapping(columns, ITEM_COLUMNS, {"item_id"})


class OfferSource(Source):
    """The mapping of offers: who was issued what when, and what was known of it then."""

    @field_validator("columns")
    @classmethod
    def _columns(cls, columns: Columns) -> Columns:
        return _mapping(columns, OFFER_COLUMNS, {"offer_id", "customer_id", "issued_at"})

    @model_validator(mode="after")
    def _features_are_told_apart(self) -> "OfferSource":
        names = [*self.named("features"), *self.named("numbers")]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"columns: {', '.join(twice)} is among both features and numbers")
        marked = [name for name in names if "=" in name]
        if marked:
            raise ValueError(
                f"columns: {marked[0]!r} cannot be a feature: a name with '=' means a category"
            )
        return self


class EngagementSource(Source):
    """The mapping of engagements: which offer, and when."""

    @field_validator("columns")
    @classmethod
    def _columns(cls, columns: Columns) -> Columns:
        return _mapping(columns, {"offer_id", "engaged_at"}, {"offer_id", "engaged_at"})


class RedemptionSource(Source):
    """The mapping of redemptions: which offer, and when."""

    @field_validator("columns")
    @classmethod
    def _columns(cls, columns: Columns) -> Columns:
        return _mapping(columns, {"offer_id", "redeemed_at"}, {"offer_id", "redeemed_at"})


class Sources(Section):
    """The [sources] of an environment; those that may be None are needed by some jobs only."""

    section = "sources"

    purchases: PurchaseSource
    items: ItemSource
    offers: OfferSource | None = None
    engagements: EngagementSource | None = None
    redemptions: RedemptionSource | None = None


S = TypeVar("S", bound=Settings)


def configured(section: S | None) -> S:
    """The section, for a job that does not run without it."""
    assert section is not None
    return section
