"""Contracts of what customers are shown, and of what is known of items to that end."""

from pyspark.sql.types import (
    ArrayType,
    DoubleType,
    IntegerType,
    LongType,
    StringType,
    StructField,
    StructType,
    TimestampType,
)

from alsobought.tables.copurchase import ITEM, RELATED, RELATION, UNIT
from alsobought.tables.purchases import MARKET
from alsobought.tables.table import Table, column

CUSTOMER = column("customer_id", StringType(), "who is shown the list")
EVERY_CUSTOMER = column(
    "customer_id", StringType(), "null: the list is every customer's", optional=True
)
MODEL = column("model", StringType(), "what made the list; models of different tables differ")
RANK = column("rank", IntegerType(), "1 is best; without gaps")
LISTED = column("item_id", StringType(), "the item that is recommended")
SCORE = column("score", DoubleType(), "by which the list is ranked; only its order has a meaning")
LIST = (MARKET, EVERY_CUSTOMER, MODEL, RANK, LISTED, SCORE)
"""What every table of recommendations has: whoever judges or shows lists reads these columns."""
PERSONAL_LIST = (MARKET, CUSTOMER, MODEL, RANK, LISTED, SCORE)
PLACE = ("as_of", "market", "customer_id", "model", "rank")
FROM_ONE = {"rank_from_one": "rank >= 1"}

REASONS = ArrayType(
    StructType([StructField("item_id", StringType()), StructField("share", DoubleType())])
)

RECOMMENDATIONS = Table(
    "recommendations",
    "What each customer is shown, by each way to merge the related items of past purchases.",
    (
        *PERSONAL_LIST,
        column("source", StringType(), "related, buy_again or bestseller: where the item is from"),
        column(
            "reasons",
            REASONS,
            "the purchases that caused it, the largest share of the score first; shares are of "
            "what all purchases gave; empty: none did",
        ),
    ),
    key=PLACE,
    kept="per_as_of",
    only_with="jobs.recommendations",
    checks={**FROM_ONE, "source_known": "source IN ('related', 'buy_again', 'bestseller')"},
    skipped_by=("customer_id",),
    sorted_by=("customer_id", "market", "model", "rank"),
)

BESTSELLERS = Table(
    "bestsellers",
    "What most customers of a market bought in the last days.",
    (
        *LIST,
        column("buyers", LongType(), "customers, and guests' orders, that bought it"),
        column("purchases", LongType(), "purchase lines"),
    ),
    key=PLACE,
    kept="per_as_of",
    only_with="jobs.bestsellers",
    checks={**FROM_ONE, "counts_fit": "buyers >= 1 AND purchases >= buyers"},
)

REPEAT_PURCHASES = Table(
    "repeat_purchases",
    "How often, and after how long, the customers of an item buy it again.",
    (
        MARKET,
        ITEM,
        column("buyers", LongType(), "customers who bought it"),
        column("repeat_buyers", LongType(), "of these, those who did on two days or more"),
        column(
            "repeat_probability",
            DoubleType(),
            "repeat_buyers / buyers, in [0, 1]; this and all estimates: as if a few more customers "
            "had bought it, who do as the market's do ([jobs.repeat_purchases] shrinkage)",
        ),
        column("gaps", LongType(), "times between a customer's successive days of purchase"),
        column(
            "mean_gap_days", DoubleType(), "their mean; null: the market has none", optional=True
        ),
        column("log_gap_mean", DoubleType(), "mean of ln(gap in days)", optional=True),
        column("log_gap_deviation", DoubleType(), "its standard deviation", optional=True),
        column(
            "rate_shape",
            DoubleType(),
            "alpha of the gamma distribution of customers' purchases a day, after the first",
            optional=True,
        ),
        column("rate_days", DoubleType(), "its rate parameter beta, in days", optional=True),
    ),
    key=("as_of", "market", "item_id"),
    kept="per_as_of",
    only_with="jobs.repeat_purchases",
    checks={
        "counts_fit": "buyers >= 1 AND repeat_buyers <= buyers AND gaps >= repeat_buyers",
        "probability_fits": "repeat_probability BETWEEN 0 AND 1",
        "rates_positive": "(rate_shape IS NULL OR rate_shape > 0)"
        " AND (rate_days IS NULL OR rate_days > 0)",
    },
)

BUY_AGAIN = Table(
    "buy_again",
    "What each customer is likely to buy again, by each model of the time of the next purchase.",
    (
        *PERSONAL_LIST,
        column("purchases", LongType(), "the days on which the customer bought it"),
        column("last_purchased_at", TimestampType(), "the last of them, UTC"),
    ),
    key=PLACE,
    kept="per_as_of",
    only_with="jobs.buy_again",
    checks={**FROM_ONE, "was_bought": "purchases >= 1"},
    skipped_by=("customer_id",),
    sorted_by=("customer_id", "market", "model", "rank"),
    may_be_empty=True,
)

FACTOR_RECOMMENDATIONS = Table(
    "factor_recommendations",
    "What each customer is likely to buy, by factors of the matrix of customers and items.",
    PERSONAL_LIST,
    key=PLACE,
    kept="per_as_of",
    only_with="jobs.factor_recommendations",
    may_be_empty=True,
    checks=FROM_ONE,
    skipped_by=("customer_id",),
    sorted_by=("customer_id", "market", "model", "rank"),
)

ITEM_INFORMATIVENESS = Table(
    "item_informativeness",
    "How much an item's purchase says of what its buyer buys next, beyond what everybody buys.",
    (
        MARKET,
        ITEM,
        column("buyers", LongType(), "customers who bought it, and something new later"),
        column("hits", LongType(), "of these, those of whom its list held a later purchase"),
        column("bestseller_hits", LongType(), "those of whom as many bestsellers did"),
        column(
            "informativeness",
            DoubleType(),
            "the weight of the item's list: 1 is usual, 0 says nothing",
        ),
    ),
    key=("as_of", "market", "item_id"),
    kept="per_as_of",
    only_with="jobs.item_informativeness",
    checks={
        "counts_fit": "buyers >= 1 AND hits BETWEEN 0 AND buyers"
        " AND bestseller_hits BETWEEN 0 AND buyers",
        "weight_fits": "informativeness >= 0",
    },
    may_be_empty=True,
)

COLD_START_ITEMS = Table(
    "cold_start_items",
    "The lists of items that few have bought yet: their own, blended with their likes'.",
    (
        UNIT,
        MARKET,
        RELATION,
        column("metric", StringType(), "the score that ranks the lists"),
        ITEM,
        RANK,
        RELATED,
        column("score", DoubleType(), "the metric's value of this evidence: N, E, n_x + n_0 units"),
        column("buyers", LongType(), "n_x: units with the item; 0: nobody has bought it yet"),
        column(
            "both",
            DoubleType(),
            "N of n_x + n_0 units: n_0 are borrowed, and as its likes' are; at most n_y",
        ),
        column("expected", DoubleType(), "E of as many units"),
        column("likes", LongType(), "items of the same attributes that were borrowed from"),
        column("likeness", StringType(), "those attributes: 'brand and category' or 'category'"),
        column(
            "borrowed_share",
            DoubleType(),
            "how much of the difference from chance is borrowed, in [0, 1]",
        ),
    ),
    key=("as_of", "unit", "market", "relation", "metric", "item_id", "rank"),
    kept="per_as_of",
    only_with="jobs.cold_start_items",
    checks={
        **FROM_ONE,
        "not_itself": "item_id <> related_item_id",
        "share_fits": "borrowed_share BETWEEN 0 AND 1",
        "likeness_known": "likes >= 1 AND likeness IN ('brand and category', 'category')",
        "evidence_fits": "both > 0 AND expected > 0",
    },
    may_be_empty=True,
)
