"""The training set of offers: every weighted copy, beside what was known of its offer at issue."""

from datetime import date

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from alsobought.errors import JobError
from alsobought.learn.splits import Split


def training_examples(
    examples: DataFrame, weights: DataFrame, split: Split, as_of: date
) -> DataFrame:
    """The rows of TRAINING_EXAMPLES, one per row of REDEMPTION_WEIGHTS.

    In: examples of REDEMPTION_EXAMPLES, unique by offer_id; weights of the same day. Labels and
    weights are the copy's own; the split is label-free. Cost: one join by offer_id.
    """
    labelled = weights.select("method", "offer_id", "copy", "engaged", "redeemed", "weight")
    offers = examples.select("offer_id", "customer_id", "issued_at", "features")
    rows = labelled.join(offers, "offer_id", "inner")
    return rows.select(
        "method",
        F.col("offer_id").alias("example_id"),
        "copy",
        "customer_id",
        F.lit(None).cast("string").alias("item_id"),
        "features",
        "engaged",
        F.col("redeemed").alias("label"),
        "weight",
        F.lit(None).cast("double").alias("log_q"),
        split.of(F.col("customer_id"), F.col("issued_at"), as_of).alias("split"),
    )


def counted(examples: DataFrame, weights: DataFrame) -> DataFrame:
    """One row: the weighted copies, those of no known offer, offers and their first and last issue.

    Cost: one more join by offer_id, of the keys alone.
    """
    known = examples.select("offer_id", F.lit(True).alias("is_known"))
    copies = weights.select("offer_id").join(known, "offer_id", "left").agg(
        F.count(F.lit(1)).alias("copies"),
        F.count_if(F.col("is_known").isNull()).alias("unknown"),
    )  # fmt: skip
    issued = examples.agg(
        F.count(F.lit(1)).alias("offers"),
        F.min("issued_at").alias("first_issued"),
        F.max("issued_at").alias("last_issued"),
    )
    return copies.crossJoin(issued)


def judged(account: Row) -> list[str]:
    """The account as a sentence. Raises JobError where weights are of another run's offers."""
    if account["unknown"]:
        raise JobError(
            f"{account['unknown']:,} of {account['copies']:,} rows of redemption_weights are of "
            f"offers that redemption_examples does not have: run the job redemption_weights again."
        )
    first, last = account["first_issued"], account["last_issued"]
    return [
        f"{account['copies']:,} weighted copies of {account['offers']:,} offers, "
        f"issued from {first:%Y-%m-%d} to {last:%Y-%m-%d}"
    ]
