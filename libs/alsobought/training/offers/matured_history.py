"""Offers whose labels are final, replayed at random ages: what delay models learn from."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from alsobought.days import DAY_MICROS, days_between
from alsobought.errors import JobError
from alsobought.learn.arrays import Booleans, Floats, Integers, to_floats
from alsobought.learn.encoder import Encoder
from alsobought.sampling import is_sampled, keyed, uniform
from alsobought.training.offers.settings import Redemption

SAMPLE = -1
"""The place of the hash that draws the sample; replays have the places from 0 on."""


@dataclass(frozen=True)
class MaturedHistory:
    """Matured offers, each replayed at random ages in [0, attribution_days): one row a replay.

    features (n, k) of any float type; age, engaged_after and redeemed_after in days since issue,
    NaN for what never happened within the attribution window, whatever the age; a redemption is an
    engagement, so engaged_after is never later. `customer` is a hash: it chooses who is held out.
    """

    features: Floats
    age: Floats
    engaged_after: Floats
    redeemed_after: Floats
    customer: Integers

    @property
    def engages(self) -> Booleans:
        """Whether the offer is engaged with in the end."""
        return ~np.isnan(self.engaged_after)

    @property
    def redeems(self) -> Booleans:
        """Whether the offer is redeemed in the end."""
        return ~np.isnan(self.redeemed_after)

    @property
    def engaged(self) -> Booleans:
        """Whether an engagement is visible at the age: earlier than it."""
        return self.engaged_after < self.age

    @property
    def redeemed(self) -> Booleans:
        """Whether a redemption is visible at the age: earlier than it."""
        return self.redeemed_after < self.age

    def where(self, rows: Booleans) -> "MaturedHistory":
        """Some rows of the history."""
        return MaturedHistory(**{name: array[rows] for name, array in vars(self).items()})


@dataclass(frozen=True)
class EncodedHistory:
    """A history, the encoder that made its features, and when the offer of each row was issued."""

    history: MaturedHistory
    encoder: Encoder
    issued: Integers
    """Microseconds of the epoch."""


def matured_replays(examples: DataFrame, settings: Redemption, *also: str) -> DataFrame:
    """Matured offers, each at `replays` random ages.

    In:    rows of `redemption_examples`.
    Out:   offer_id, customer_hash bigint (of customer and seed), features, age_days in (0,
           attribution_days), engaged_after and redeemed_after in days since issue, null where
           that never happened: final, whatever the age. About `training_rows` rows at most: whole
           offers are left out by a hash. The ages come from a hash of offer, replay and seed, so
           they are the same on any number of partitions. `also` names columns to keep.
    Raises JobError where fewer than `min_matured` offers have matured.
    Cost:  one pass that counts, one that makes the rows; no shuffle.
    """
    share = settings.training_rows / (_count_matured(examples, settings) * settings.replays)

    def hash_of(place: Column) -> Column:
        return keyed("offer_id", place, seed=settings.seed)

    sample = examples.where(F.col("is_matured") & is_sampled(hash_of(F.lit(SAMPLE)), share))
    replays = F.explode(F.sequence(F.lit(0), F.lit(settings.replays - 1)))
    age = uniform(hash_of(F.col("replay"))) * settings.attribution_days
    return sample.withColumn("replay", replays).select(
        "offer_id",
        keyed("customer_id", seed=settings.seed).alias("customer_hash"),
        "features",
        age.alias("age_days"),
        *delays(),
        *also,
    )


def delays() -> list[Column]:
    """engaged_after and redeemed_after: days from issue to each event; null where there is none."""
    issued = F.col("issued_at")
    return [
        days_between(issued, F.col(f"{event}_at")).alias(f"{event}_after")
        for event in ("engaged", "redeemed")
    ]


def collect_history(examples: DataFrame, settings: Redemption) -> EncodedHistory:
    """The replays of these examples, in an order of their own: no partitioning changes them.

    Raises JobError where too few offers have matured.
    Cost: about `training_rows` rows come to the driver, and a number for each of their features.
    """
    replays = matured_replays(examples, settings, "issued_at").toArrow()
    return encode_history(replays.sort_by([("offer_id", "ascending"), ("age_days", "ascending")]))


def encode_history(replays: pa.Table) -> EncodedHistory:
    """The rows of `matured_replays` as arrays; null is NaN."""
    encoder = Encoder.fit(replays["features"])
    history = MaturedHistory(
        features=encoder.matrix(replays["features"]),
        age=to_floats(replays["age_days"]),
        engaged_after=to_floats(replays["engaged_after"]),
        redeemed_after=to_floats(replays["redeemed_after"]),
        customer=replays["customer_hash"].to_numpy(),
    )
    return EncodedHistory(history, encoder, replays["issued_at"].cast(pa.int64()).to_numpy())


def _count_matured(examples: DataFrame, settings: Redemption) -> int:
    """How many offers have matured. Raises JobError where they are fewer than min_matured."""
    days = settings.attribution_days
    first = F.timestamp_micros(F.min(F.unix_micros("issued_at")) + (days + 1) * DAY_MICROS - 1)
    counts = examples.agg(
        F.count_if("is_matured").alias("matured"), first.cast("date").alias("first")
    ).collect()[0]
    if counts["matured"] < settings.min_matured:
        raise JobError(
            f"{counts['matured']:,} offers have matured (attribution_days = {days}), fewer than "
            f"min_matured = {settings.min_matured:,}: the first offer matures for --as-of "
            f"{counts['first']}, so choose a later day, deliver older offers, or lower "
            f"attribution_days or min_matured in [redemption]."
        )
    return int(counts["matured"])
