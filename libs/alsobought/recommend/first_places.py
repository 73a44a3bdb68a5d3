"""What each customer's lists begin with: the first places of a model of `buy_again`."""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from alsobought.errors import JobError
from alsobought.recommend.settings import BuyAgainPlaces


@dataclass(frozen=True)
class FirstPlaces:
    """Rows of `buy_again`, the distinct items (market, item_id) that they name, and what is missing
    of them, in sentences."""

    rows: DataFrame
    items: pa.Table
    notes: list[str]


def first_places(buy_again: DataFrame | None, wanted: BuyAgainPlaces | None) -> FirstPlaces | None:
    """The places with which lists begin; None where none are wanted.

    Cost: a scan of `buy_again`; the distinct items come to the driver. Raises JobError where there
    is no such table.
    """
    if wanted is None:
        return None
    if buy_again is None:
        raise JobError("recommendations needs the table buy_again: add [jobs.buy_again].")
    is_first = (F.col("model") == F.lit(wanted.model)) & (F.col("rank") <= F.lit(wanted.places))
    rows = buy_again.where(is_first)
    items = rows.groupBy("market", "item_id").agg(F.max("rank").alias("rank")).toArrow()
    longest = pc.max(items["rank"]).as_py() or 0
    return FirstPlaces(rows, items, _lacking(buy_again, wanted, longest))


def _lacking(buy_again: DataFrame, wanted: BuyAgainPlaces, longest: int) -> list[str]:
    """What `buy_again` lacks of the places that are wanted, in a sentence; none: nothing."""
    if longest:
        return [
            f"lists begin with {longest} places of {wanted.model} at most, not with "
            f"{wanted.places} as [jobs.recommendations.buy_again] says: no list of it in buy_again "
            f"is longer"
        ] * (longest < wanted.places)
    models = sorted(row["model"] for row in buy_again.select("model").distinct().collect())
    return [
        f"no list begins with {wanted.model}, which [jobs.recommendations.buy_again] names: "
        f"buy_again has no list of it, but of {', '.join(models) or 'none at all'}"
    ]
