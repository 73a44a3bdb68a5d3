"""Offers from hashes of their numbers, and the floor that their weights are measured against."""

from datetime import date

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from alsobought.days import DAY_MICROS, micros
from alsobought.sampling import bucket, uniform
from alsobought.tables.training import REDEMPTION_EXAMPLES, REDEMPTION_WEIGHTS
from alsobought.training.offers.settings import Redemption
from alsobought.training.offers.weight_methods import METHODS

AS_OF = date(2026, 1, 1)
CATEGORIES = {"type": 3, "size": 4, "region": 10}
NUMBERS = 5


def examples(spark: SparkSession, count: int, parts: int, attribution_days: int) -> DataFrame:
    """So many offers as `redemption_examples` has them, issued over a year; always the same.

    Engagement and redemption are logistic in the features, delays exponential: half of the offers
    engage, a fifth are redeemed, within about 3 and 10 days more.
    """
    x = [_uniform(f"x{i}") * 2 - 1 for i in range(NUMBERS)]
    engages = _uniform("engages") < _logistic(1.5 * x[0] - x[1] + 0.5 * x[2])
    redeems = engages & (_uniform("redeems") < _logistic(x[3] - x[0] - 0.5))
    engaged = -3.0 * F.exp(0.5 * x[2]) * F.log(_uniform("engaged"))
    redeemed = engaged - 10.0 * F.exp(0.5 * x[4]) * F.log(_uniform("redeemed"))
    made = spark.range(0, count, 1, parts).select(
        F.format_string("offer-%010d", "id").alias("offer_id"),
        F.format_string("customer-%09d", bucket(F.xxhash64("id"), count // 5 + 1)).alias(
            "customer_id"
        ),
        (_midnight() - F.floor(_uniform("age") * 365 * DAY_MICROS)).alias("issued"),
        F.map_from_entries(F.array(*_entries(x))).alias("features"),
        F.when(engages, engaged).alias("engaged"),
        F.when(redeems, redeemed).alias("redeemed"),
    )
    made = made.withColumn("age_days", (_midnight() - F.col("issued")) / DAY_MICROS)
    for name in ("engaged", "redeemed"):
        seen = (F.col(name) < F.col("age_days")) & (F.col(name) < attribution_days)
        at = F.timestamp_micros(F.col("issued") + F.floor(F.col(name) * DAY_MICROS))
        made = made.withColumn(f"{name}_at", F.when(seen, at))
    state = F.when(F.col("redeemed_at").isNotNull(), "11")
    state = state.when(F.col("engaged_at").isNotNull(), "10").otherwise("00")
    made = made.withColumn("issued_at", F.timestamp_micros("issued")).withColumn("state", state)
    made = made.withColumn("is_matured", F.col("age_days") >= attribution_days)
    return made.select(*REDEMPTION_EXAMPLES.names)


def _entries(x: list[Column]) -> list[Column]:
    numbers = [F.struct(F.lit(f"x{i}"), number) for i, number in enumerate(x)]
    return numbers + [
        F.struct(
            F.concat(F.lit(f"{name}="), F.floor(_uniform(name) * kinds).cast("string")), F.lit(1.0)
        )
        for name, kinds in CATEGORIES.items()
    ]


def _uniform(name: str) -> Column:
    """A number in (0, 1) of each id, another for every name."""
    return uniform(F.xxhash64("id", F.lit(name)))


def _logistic(score: Column) -> Column:
    return 1 / (1 + F.exp(-score))


def _midnight() -> Column:
    return F.lit(micros(AS_OF))


def keyed(offers: DataFrame) -> DataFrame:
    """The floor's other table: offer_id and five numbers, among which the weight."""
    numbers = [
        (bucket(F.xxhash64("offer_id", F.lit(i)), 1 << 30) / float(1 << 30)).alias(f"n{i}")
        for i in range(5)
    ]
    return offers.select("offer_id", *numbers)


def floor(offers: DataFrame, other: DataFrame, settings: Redemption) -> DataFrame:
    """Rows of REDEMPTION_WEIGHTS, one for each offer and method, that weigh nothing."""
    joined = offers.join(other.hint("shuffle_merge"), "offer_id")
    methods = [F.struct(F.lit(name).alias("method"), _parts(name)) for name in settings.methods]
    made = joined.withColumn("one", F.explode(F.array(*methods))).select(
        F.col("one.method"),
        "offer_id",
        F.lit(0).alias("copy"),
        F.lit("snapshot").alias("kind"),
        "age_days",
        "state",
        F.col("age_days").alias("emitted_after_days"),
        (F.col("state") != "00").cast("int").alias("engaged"),
        (F.col("state") == "11").cast("int").alias("redeemed"),
        F.col("n4").alias("weight"),
        F.col("one.parts"),
        F.lit("000000000000").alias("model_version"),
    )
    return REDEMPTION_WEIGHTS.conform(made)


def _parts(method: str) -> Column:
    """As many entries as the method has, from both tables, so that features are read, too."""
    values = [F.col("n0"), F.col("features")["x0"], F.col("n1"), F.col("features")["x1"]]
    named = dict(zip(METHODS[method].needs, values, strict=False)) | {"floor": F.lit(0.05)}
    entries = [part for name, value in named.items() for part in (F.lit(name), value)]
    return F.create_map(*entries).alias("parts")
