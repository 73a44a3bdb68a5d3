"""Source rows of customers who were forgotten: nothing of them is kept but their number."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.functions import arrow_udf

from alsobought.ingest.settings import Sources
from alsobought.runtime.customers_in_rows import CUSTOMER, OFFER, OfferIds, words
from alsobought.runtime.forgotten import CUSTOMER as CUSTOMERS
from alsobought.runtime.forgotten import OFFER as OFFERS
from alsobought.runtime.forgotten import Forgotten
from alsobought.runtime.judged_files import REASONS, ROW
from alsobought.runtime.judged_load import FORGOTTEN
from alsobought.tables.outcome import JudgedRows

UNREADABLE = "unreadable_row"  # as the rule of ingest is called
NOTHING = "{}"  # in place of such a row: JSON of no columns
IS_FORGOTTEN = "_is_forgotten"
REMEMBERED = 1 << 16  # ids whose hashes a task keeps


def without_forgotten(
    judged: JudgedRows, forgotten: Forgotten | None, sources: Sources | None
) -> JudgedRows:
    """The judged rows, of which those of forgotten customers break one rule more and no other, and
    have no row as it was read: so all that is kept of them is how many a file has.

    A row is theirs by its customer, by its offer, or where it is not read as columns by any word.
    Cost: ids pass through Python once, hashed with the salt, which no plan of Spark's shows.
    """
    if forgotten is None:
        return judged
    offers = None if sources is None else OfferIds.of(sources.offers)
    asked = _asked(Told(forgotten, offers))
    is_forgotten = arrow_udf(asked, "boolean")  # type: ignore[call-overload]  # it has hints
    rows = judged.rows
    is_raw = F.array_contains(REASONS, UNREADABLE)
    ids = [_text_of(rows, CUSTOMER), _text_of(rows, OFFER), F.when(is_raw, F.col(ROW))]
    marked = rows.withColumn(IS_FORGOTTEN, is_forgotten(*ids))
    reasons = F.when(F.col(IS_FORGOTTEN), F.array(F.lit(FORGOTTEN))).otherwise(F.col(REASONS))
    row = F.when(F.col(IS_FORGOTTEN), F.lit(NOTHING)).otherwise(F.col(ROW))
    return replace(judged, rows=marked.withColumns({REASONS: reasons, ROW: row}).drop(IS_FORGOTTEN))


def _text_of(rows: DataFrame, name: str) -> Column:
    return F.col(name) if name in rows.columns else F.lit(None).cast("string")


@dataclass(frozen=True)
class Told:
    """What a worker must know to tell rows of forgotten customers."""

    forgotten: Forgotten
    offers: OfferIds | None

    def is_theirs(self, customer: str | None, offer: str | None, raw: str | None) -> bool:
        """Whether a row is theirs, by its ids and, where it has no columns, by its words."""
        if customer is not None and self.forgotten.has(CUSTOMERS, customer):
            return True
        if offer is not None and self._has_offer(offer):
            return True
        return raw is not None and any(
            self.forgotten.has(CUSTOMERS, word) or self._has_offer(word) for word in words(raw)
        )

    def _has_offer(self, offer: str) -> bool:
        if self.forgotten.has(OFFERS, offer):
            return True
        customer = None if self.offers is None else self.offers.customer(offer)
        return customer is not None and self.forgotten.has(CUSTOMERS, customer)


def _asked(told_by: Told) -> Callable[[pa.Array, pa.Array, pa.Array], pa.Array]:
    """A function of workers: whether each row is theirs."""

    def asked(customers: pa.Array, offers: pa.Array, raws: pa.Array) -> pa.Array:
        is_theirs = lru_cache(REMEMBERED)(told_by.is_theirs)
        columns = (column.to_pylist() for column in (customers, offers, raws))
        return pa.array([is_theirs(*ids) for ids in zip(*columns, strict=True)], pa.bool_())

    return asked
