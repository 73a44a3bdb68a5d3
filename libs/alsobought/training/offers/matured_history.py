"""The replays of matured offers on the driver, as the arrays that auxiliary models learn from."""

from dataclasses import dataclass

import pyarrow as pa
from pyspark.sql import DataFrame

from alsobought.learn.arrays import Booleans, Floats, Integers
from alsobought.learn.encoder import Encoder
from alsobought.training.offers.delay_models import History
from alsobought.training.offers.redemption_examples import replayed
from alsobought.training.offers.settings import Redemption, Terms


@dataclass(frozen=True)
class Replays:
    """A history, the encoder that made its features, and when the offer of each row was issued."""

    history: History
    encoder: Encoder
    issued: Integers
    """Microseconds of the epoch."""


def terms_of(settings: Redemption) -> Terms:
    """What the models and weights of these settings agree on."""
    return Terms(
        observation_days=settings.observation_days,
        attribution_days=settings.attribution_days,
        floor=settings.floor,
        model=settings.model,
        seed=settings.seed,
    )


def collected(examples: DataFrame, settings: Redemption) -> Replays:
    """The replays of these examples, in an order of their own: no partitioning changes them.

    Raises JobError where too few offers have matured.
    Cost: about `training_rows` rows come to the driver, and a number for each of their features.
    """
    found = replayed(examples, settings, "issued_at").toArrow()
    return arrays(found.sort_by([("offer_id", "ascending"), ("age_days", "ascending")]))


def arrays(found: pa.Table) -> Replays:
    """The rows of `replayed` as arrays; null is NaN."""
    encoder = Encoder.of(found["features"])
    history = History(
        features=encoder.matrix(found["features"]),
        age=numbers(found["age_days"]),
        engaged_after=numbers(found["engaged_after"]),
        redeemed_after=numbers(found["redeemed_after"]),
        customer=found["customer_hash"].to_numpy(),
    )
    return Replays(history, encoder, found["issued_at"].cast(pa.int64()).to_numpy())


def chosen(history: History, rows: Booleans) -> History:
    """Some rows of a history."""
    return History(**{name: array[rows] for name, array in vars(history).items()})


def numbers(column: pa.Array | pa.ChunkedArray) -> Floats:
    """A column of doubles; NaN where it is null."""
    zero_copy = {} if isinstance(column, pa.ChunkedArray) else {"zero_copy_only": False}
    found: Floats = column.to_numpy(**zero_copy)
    return found
