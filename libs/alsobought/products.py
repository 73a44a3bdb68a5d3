"""What is no product, and so counts nowhere: postage, bank charges, gift cards."""

from collections.abc import Sequence
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, field_validator
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from alsobought.compiled.array_types import Bools
from alsobought.errors import JobError
from alsobought.settings import Section, Settings
from alsobought.tables.outcome import Batches

NO_IDS = pa.array([], pa.string())


class Exclusions(Settings):
    """[items.exclude]: what is no product, by any of these; it counts nowhere."""

    ids: list[str] = Field(default=[])
    patterns: list[str] = Field(default=[])
    """Regular expressions (RE2) that match a whole id."""
    attributes: dict[str, list[str]] = Field(default={})
    """Values of the catalogue: of title, brand, category (any level), or of an attribute."""

    @field_validator("patterns")
    @classmethod
    def _are_patterns(cls, patterns: list[str]) -> list[str]:
        for pattern in patterns:
            try:
                pc.match_substring_regex(pa.scalar(""), pattern)
            except pa.ArrowInvalid as error:
                reason = str(error).removeprefix("Invalid regular expression: ")
                raise ValueError(f"{pattern!r} is no regular expression: {reason}") from None
        return patterns


class Items(Section):
    """[items]: which items are products."""

    section = "items"

    exclude: Exclusions = Exclusions()


class OfProducts(Settings):
    """What every job shares that counts products alone."""

    items: Items | None = None

    @property
    def exclude(self) -> Exclusions:
        """What is no product."""
        return Exclusions() if self.items is None else self.items.exclude


def only_products(lines: DataFrame, exclude: Exclusions, items: DataFrame | None) -> DataFrame:
    """The lines of items that `exclude` does not name; `items` has the attributes that it names.

    Cost: none where it names nothing, or ids alone. Else a join with the ids of items that are
    named, which are sent to all; for patterns the distinct items of the lines are found first.
    Raises JobError for attributes without a catalogue.
    """
    if exclude.ids:
        lines = lines.where(~F.col("item_id").isin(exclude.ids))
    if exclude.attributes:
        named = _catalogue(items).where(has_attribute(exclude)).select("item_id")
        lines = lines.join(F.broadcast(named), "item_id", "left_anti")
    if not exclude.patterns:
        return lines
    patterns = list(exclude.patterns)

    def matching(batches: Batches) -> Batches:
        for batch in batches:
            yield batch.filter(pa.array(are_named(batch["item_id"], NO_IDS, patterns)))

    named = lines.select("item_id").distinct().mapInArrow(matching, "item_id string")
    return lines.join(F.broadcast(named), "item_id", "left_anti")


def named_ids(exclude: Exclusions, items: DataFrame | None) -> pa.Array:
    """The ids that `exclude` names, and those of the catalogue's items whose attributes it names.

    Cost: these come to the driver. Raises JobError for attributes without a catalogue.
    """
    ids = pa.array(exclude.ids, pa.string())
    if not exclude.attributes:
        return ids
    named = _catalogue(items).where(has_attribute(exclude)).select("item_id").toArrow()["item_id"]
    return pa.concat_arrays([ids, named.combine_chunks().cast(pa.string())])


def _catalogue(items: DataFrame | None) -> DataFrame:
    if items is None:
        raise JobError("[items.exclude] names attributes, and there is no catalogue that has them.")
    return items


def are_named(ids: pa.Array, names: pa.Array, patterns: Sequence[str]) -> Bools:
    """Which ids are among `names`, or match one of the regular expressions (RE2) as a whole."""
    named = pc.is_in(ids, value_set=names.cast(ids.type))
    for pattern in patterns:
        named = pc.or_(named, pc.match_substring_regex(ids, f"^(?:{pattern})$"))
    mask: Bools = named.to_numpy(zero_copy_only=False)
    return mask


def has_attribute(exclude: Exclusions) -> Column:
    """Whether an item of the catalogue has one of the excluded values; false where it has none."""
    columns = {"title": F.array("title"), "brand": F.array("brand"), "category": F.col("category")}

    def has_one(name: str, values: list[str]) -> Column:
        attribute = F.array(F.try_element_at("attributes", F.lit(name)))
        has = F.arrays_overlap(columns.get(name, attribute), F.array(*map(F.lit, values)))
        return F.coalesce(has, F.lit(False))

    return reduce(Column.__or__, (has_one(*of_name) for of_name in exclude.attributes.items()))
