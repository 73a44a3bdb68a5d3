"""Which purchases are counted, and in what: the baskets that jobs of one run share."""

from collections.abc import Callable
from datetime import date

import pyarrow as pa
from pyspark.sql import DataFrame

from alsobought.compiled.array_types import Bools
from alsobought.copurchase.engine.layout import Scope
from alsobought.copurchase.engine.pipeline import PackedBaskets, pack_purchases
from alsobought.copurchase.settings import Counted
from alsobought.products import Exclusions, are_named, named_ids
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
    excluded, patterns = named_ids(exclude, catalogue), exclude.patterns

    def is_excluded(ids: pa.Array) -> Bools:
        return are_named(ids, excluded, patterns)

    return is_excluded
