"""Contracts of the judge: how good lists are, and which are served."""

from pyspark.sql.types import (
    ArrayType,
    BooleanType,
    DateType,
    DoubleType,
    IntegerType,
    LongType,
    MapType,
    StringType,
    StructField,
    StructType,
)

from alsobought.tables.table import Table, column

EVALUATIONS = Table(
    "evaluations",
    "How well the lists of a day foretold what was bought in the days after it.",
    (
        column("cut_off", DateType(), "the lists' as-of day; the truth starts on it"),
        column("model", StringType(), "what made the lists"),
        column(
            "compared_with",
            StringType(),
            "value is the mean difference to this model, customer by customer; null: the value",
            optional=True,
        ),
        column("items", StringType(), "all, or new: without what the customer had bought before"),
        column(
            "segment_by",
            StringType(),
            "everyone, history, market, tenure; or cut_offs: everyone, this cut-off and earlier "
            "ones together, where a customer counts once a cut-off",
        ),
        column("segment", StringType(), "which part of the customers; all"),
        column("metric", StringType(), "hit, precision, recall, map, ndcg, mrr, coverage, …"),
        column("k", IntegerType(), "places of the list that count"),
        column(
            "customers",
            LongType(),
            "customers with a purchase to foretell; of novelty, diversity and repeat_share those "
            "of them with such a list",
        ),
        column("value", DoubleType(), "the metric's mean over these customers"),
        column("low", DoubleType(), "2.5 % of the bootstrap over customers", optional=True),
        column("high", DoubleType(), "97.5 % of it", optional=True),
    ),
    key=(
        "as_of", "cut_off", "model", "compared_with", "items", "segment_by", "segment", "metric",
        "k",
    ),
    kept="per_as_of",
    only_with="jobs.evaluations",
    checks={
        "items_known": "items IN ('all', 'new')",
        "customers_there": "customers >= 1",
        "k_from_one": "k >= 1",
    },
    may_be_empty=True,
)  # fmt: skip

CHECK = StructType(
    [
        StructField("name", StringType()),
        StructField("value", DoubleType()),
        StructField("limit", DoubleType()),
        StructField("passed", BooleanType()),
        StructField("reason", StringType()),
    ]
)

HIT_RATE = StructType(
    [
        StructField("cut_off", DateType()),
        StructField("model", StringType()),
        StructField("compared_with", StringType()),
        StructField("items", StringType()),
        StructField("k", IntegerType()),
        StructField("customers", LongType()),
        StructField("value", DoubleType()),
        StructField("low", DoubleType()),
        StructField("high", DoubleType()),
    ]
)

PROMOTIONS = Table(
    "promotions",
    "Which lists are served: every decision, with its reasons. The newest row names the day.",
    (
        column("number", LongType(), "1 is the first decision"),
        column(
            "decided_as_of",
            DateType(),
            "the as-of day of the lists that were judged, or served until they were rolled back",
        ),
        column("decision", StringType(), "promoted, refused or rolled_back"),
        column(
            "served_as_of",
            DateType(),
            "the as-of day of the lists served from here on; null: none yet",
            optional=True,
        ),
        column(
            "served_versions",
            MapType(StringType(), LongType()),
            "the Delta version of each served table that holds these lists; empty: none yet",
        ),
        column(
            "served_tables",
            MapType(StringType(), StringType()),
            "Delta's id of each of them: a table that was made anew has another one, and begins "
            "with version 0 again",
        ),
        column(
            "served_hit_rates",
            ArrayType(HIT_RATE),
            "of the models that readers are shown, as the evaluation said when these lists were "
            "promoted; empty: there was none",
        ),
        column("checks", ArrayType(CHECK), "what was looked at; empty after a rollback"),
        column("reasons", ArrayType(StringType()), "in sentences, why"),
    ),
    key=("number",),
    kept="added",
    only_with="jobs.promotions",
    checks={
        "decision_known": "decision IN ('promoted', 'refused', 'rolled_back')",
        "number_from_one": "number >= 1",
    },
)
