"""Which purchases are counted, and in what: the baskets that jobs of one run share."""

from collections.abc import Callable, Sequence
from datetime import date
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from alsobought.compiled.array_types import Bools
from alsobought.copurchase.engine.layout import Scope
from alsobought.copurchase.engine.pipeline import PackedBaskets, pack_purchases
from alsobought.copurchase.settings import Counted, Exclusions
from alsobought.errors import JobError
from alsobought.tables.stored import Stored


def counted_purchases(
    purchases: Stored,
    returned: Stored | None,
    catalogue: DataFrame | None,
    settings: Counted,
    as_of: date,
) -> PackedBaskets:
    """The baskets of the look-back window, without what is no product, and those of groups.

    In:   `purchases`, `returned_purchases`, and `items` where attributes of it exclude items.
    Cost: as `pack_purchases`; a scan of the catalogue where its attributes exclude items.
    """
    scope = Scope(settings.groups, excluded_items(settings.exclude, catalogue))
    return pack_purchases(purchases, settings.baskets, as_of, returned, scope)


def excluded_items(
    exclude: Exclusions, catalogue: DataFrame | None
) -> Callable[[pa.Array], Bools] | None:
    """A function that tells which of some item ids are of no products; None: there are none.

    Cost: the ids that the catalogue's attributes exclude come to the driver. Raises JobError for
    attributes without a catalogue.
    """
    if exclude == Exclusions():
        return None
    excluded = pa.array(exclude.ids, pa.string())
    if exclude.attributes and catalogue is None:
        raise JobError("[items.exclude] names attributes, and there is no catalogue that has them.")
    if catalogue is not None and exclude.attributes:
        ids = catalogue.where(has_attribute(exclude)).select("item_id").toArrow()["item_id"]
        excluded = pa.concat_arrays([excluded, ids.combine_chunks().cast(pa.string())])

    def is_excluded(ids: pa.Array) -> Bools:
        return are_named(ids, excluded, exclude.patterns)

    return is_excluded


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
