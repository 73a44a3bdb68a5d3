"""A small shop of offers as the job redemption_examples leaves them, for tests of what follows."""

import random
from datetime import UTC, datetime, timedelta

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StructType

from alsobought.tables.training import REDEMPTION_EXAMPLES
from alsobought.training.offers.settings import Redemption
from tests.project import offer_settings

END = datetime(2017, 12, 1, tzinfo=UTC)
WINDOW = 30


def settings(**changes) -> Redemption:
    """[redemption] with a window of 30 days, all methods and no sampling, but for the changes."""
    every = ["none", "drop_newest", "fsiw", "fnw", "fnc", "es_dfm", "defer", "defuse",
             "snapshot_with_engagement"]  # fmt: skip
    given = {"methods": every, "training_rows": 100_000}
    return Redemption(**(offer_settings()["redemption"] | given | changes))


def example(offer, customer, age, engaged=None, redeemed=None, features=None):
    """An offer of that age, with what has happened so many days after issue and is visible."""
    issued = END - timedelta(days=age)
    after = [
        None if days is None or days >= min(age, WINDOW) else issued + timedelta(days=days)
        for days in (engaged, redeemed)
    ]
    state = "00" if after == [None, None] else "10" if after[1] is None else "11"
    of_offer = {} if features is None else features
    return (offer, customer, issued, float(age), of_offer, state, *after, age >= WINDOW)


def drawn(n: int, seed: int = 1, oldest: float = 90) -> list[tuple]:
    """n offers to n / 5 customers: 60 % are engaged with, a third of all is redeemed later."""
    chance = random.Random(seed)
    offers = []
    for i in range(n):
        value = chance.choice([0.0, 1.0, 2.0])
        engaged = chance.expovariate(0.2) if chance.random() < 0.4 + 0.2 * value else None
        redeems = engaged is not None and chance.random() < 0.5
        redeemed = engaged + chance.expovariate(0.2) if redeems else None
        age = chance.uniform(0.01, oldest)
        features = {"value": value} if value else {}
        offers.append(example(f"o{i}", f"c{i % (n // 5)}", age, engaged, redeemed, features))
    return offers


def examples(spark: SparkSession, offers: list[tuple]) -> DataFrame:
    """Rows of REDEMPTION_EXAMPLES."""
    return spark.createDataFrame(offers, StructType(list(REDEMPTION_EXAMPLES.columns)))
