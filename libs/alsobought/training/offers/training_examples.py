"""The training set of offers: every weighted copy, beside what was known of its offer at issue."""

from datetime import date

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from alsobought.errors import JobError
from alsobought.learn.settings import Split
from alsobought.learn.splits import split_of
from alsobought.tables.outcome import Outcome


def training_examples(
    examples: DataFrame, weights: DataFrame, split: Split, as_of: date
) -> Outcome:
    """The rows of TRAINING_EXAMPLES, one per row of REDEMPTION_WEIGHTS.

    In: examples of REDEMPTION_EXAMPLES, unique by offer_id; weights of the same day. Labels and
    weights are the copy's own; the split is label-free.
    Raises JobError (by the account's judge) where weights are of another run's offers.
    Cost: one join by offer_id; the account joins the keys alone once more.
    """
    labelled = weights.select("method", "offer_id", "copy", "engaged", "redeemed", "weight")
    offers = examples.select("offer_id", "customer_id", "issued_at", "features")
    rows = labelled.join(offers, "offer_id", "inner").select(
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
        split_of(split, F.col("customer_id"), F.col("issued_at"), as_of).alias("split"),
    )
    return Outcome(rows, _account(examples, weights), _judge)


def _account(examples: DataFrame, weights: DataFrame) -> DataFrame:
    """One row: the weighted copies, those of no known offer, offers and their first and last issue.

    Not counted in the join of the rows: to keep these on disk would cost more than to join keys.
    """
    offer_ids = examples.select("offer_id", F.lit(True).alias("is_known"))
    copies = weights.select("offer_id").join(offer_ids, "offer_id", "left").agg(
        F.count(F.lit(1)).alias("copies"),
        F.count_if(F.col("is_known").isNull()).alias("unknown"),
    )  # fmt: skip
    issued = examples.agg(
        F.count(F.lit(1)).alias("offers"),
        F.min("issued_at").alias("first_issued"),
        F.max("issued_at").alias("last_issued"),
    )
    return copies.crossJoin(issued)


def _judge(account: Row) -> list[str]:
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
