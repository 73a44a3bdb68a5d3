"""The same numbers for DataFrames of any pipeline: no TOML, no warehouse, on the session that runs.

    from alsobought import co_purchases, related_items, redemption_weights

The settings are those of the TOML's sections, as values. Rows that the jobs would reject are
refused, with their number; nothing is left out silently.
"""

from collections.abc import Mapping, Sequence
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, IntegralType, StringType, TimestampType

from alsobought.copurchase import co_purchases as counting
from alsobought.copurchase.counted_purchases import counted_purchases
from alsobought.copurchase.settings import CoPurchases, Lists
from alsobought.errors import ContractError
from alsobought.related import related_items as ranking
from alsobought.tables.offers import ENGAGEMENTS, OFFERS, REDEMPTIONS
from alsobought.tables.purchases import PURCHASES
from alsobought.tables.stored import Stored
from alsobought.tables.table import Table
from alsobought.training.offers import redemption_examples as examples
from alsobought.training.offers import redemption_weights as weighting
from alsobought.training.offers.redemption_examples import OfferTables
from alsobought.training.offers.settings import Redemption

ABSENT = {
    "customer_id": "cast(null as string)",
    "order_id": "cast(null as string)",
    "line": "''",
    "quantity": "1d",
    "price": "cast(null as double)",
    "market": "'all'",
    "source_file": "''",
    "features": "cast(map() as map<string, double>)",
}
"""What the columns hold that a DataFrame need not have, as Spark's SQL."""


def co_purchases(purchases: DataFrame, settings: CoPurchases, as_of: date) -> DataFrame:
    """Each item's best candidates, with how often they were bought together and were expected.

    In:    a row for each line of an order: item_id, purchased_at (timestamp), and order_id or
           customer_id, ids as text or whole numbers; optional quantity (> 0), market. Lines
           whose order_id or customer_id is null count by the other.
    Out:   the columns of the table `co_purchases`, computed and kept by Spark until nobody refers
           to the result any more.
    Raises ContractError for missing columns, other types, and rows without what they need; JobError
    where the window of settings.baskets has no purchase.
    Cost:  `purchases` is computed four times: cache what is dear. Else as the job: one shuffle of
           packed integers, no pair is shuffled.

    >>> from datetime import date
    >>> from alsobought import Baskets, CoPurchases, Lists, co_purchases, related_items
    >>> baskets = Baskets(
    ...     units=["order"], look_back_days=365, max_items={"order": 100}, count_repeats=False
    ... )
    >>> lists = Lists(metrics=["lift"], min_support=2)
    >>> settings = CoPurchases(baskets=baskets, lists=lists, candidates=50, task_memory_mb=256)
    >>> pairs = co_purchases(purchases, settings, as_of=date(2017, 12, 1))
    >>> pairs.select("item_id", "related_item_id", "both").orderBy("item_id").show()
    +-------+---------------+----+
    |item_id|related_item_id|both|
    +-------+---------------+----+
    |    jam|            tea|   2|
    |    tea|            jam|   2|
    +-------+---------------+----+
    <BLANKLINE>
    """
    lines = _conformed(purchases, PURCHASES, optional=tuple(ABSENT))
    _require_ids(lines, PURCHASES)
    packed = counted_purchases(Stored(lines), None, None, settings, as_of)
    try:
        return counting.co_purchases(packed, settings).frame.localCheckpoint()
    finally:
        packed.release()


def related_items(
    pairs: DataFrame, lists: Lists, top_k: int, available: DataFrame | None = None
) -> DataFrame:
    """Each item's ranked list under each metric, to show beside it.

    In:    what `co_purchases` returns; `available`, optional: the item_id of items that may be
           shown. None: all may.
    Out:   the columns of the table `related_items`, lazily; rank 1 is the highest score.
    Raises ContractError for lists by kind and for limits on them, which need a catalogue.
    Cost:  one shuffle of the candidates, and one join by item where `available` is given.

    >>> from alsobought import Lists, related_items
    >>> lists = Lists(metrics=["lift"], min_support=2)
    >>> ranked = related_items(pairs, lists, top_k=10)
    >>> ranked.select("item_id", "rank", "related_item_id").orderBy("item_id").show()
    +-------+----+---------------+
    |item_id|rank|related_item_id|
    +-------+----+---------------+
    |    jam|   1|            tea|
    |    tea|   1|            jam|
    +-------+----+---------------+
    <BLANKLINE>
    """
    if lists.kinds or lists.limits:
        raise ContractError(
            "lists: kinds and max_per_title, max_per_brand, max_per_category need a catalogue, "
            "which the job related_items has: leave them out."
        )
    if available is not None:
        ids = available.select(F.col("item_id").cast("string").alias("related_item_id"))
        pairs = pairs.join(ids, on="related_item_id", how="left_semi")
    return ranking.ranked(pairs, lists, top_k)


def redemption_weights(
    tables: Mapping[str, DataFrame],
    settings: Redemption,
    as_of: date,
    *,
    max_faulty_share: float = 0.05,
) -> DataFrame:
    """The weight of every copy of every offer: how much its label, as visible by now, counts.

    In:    `tables`: "offers" (offer_id, customer_id, issued_at, optional features: map of name to
           double), "redemptions" (offer_id, redeemed_at), and, optional, "engagements" (offer_id,
           engaged_at) and "purchases" as `co_purchases` takes them, for what is known of customers.
    Out:   the columns of the table `redemption_weights`, lazily.
    Raises ContractError for missing columns, other types, and purchases without what they need;
    JobError for no offers, for too large a share of events that cannot count, and for too few
    matured offers.
    Cost:  as the jobs redemption_examples and redemption_weights; the examples are kept by Spark
           until nobody refers to them any more.

    >>> from datetime import date
    >>> from alsobought import Redemption, redemption_weights
    >>> settings = Redemption(
    ...     attribution_days=14, observation_days=3, methods=["none"], model="logistic",
    ...     replays=1, training_rows=1000, min_matured=1, floor=0.01, seed=7,
    ... )
    >>> tables = {"offers": offers, "redemptions": redemptions}
    >>> weights = redemption_weights(tables, settings, as_of=date(2017, 12, 1))
    >>> weights.select("offer_id", "method", "redeemed", "weight").orderBy("offer_id").show()
    +--------+------+--------+------+
    |offer_id|method|redeemed|weight|
    +--------+------+--------+------+
    |       a|  none|       1|   1.0|
    |       b|  none|       0|   1.0|
    +--------+------+--------+------+
    <BLANKLINE>
    """
    past = _offer_tables(tables)
    outcome = examples.redemption_examples(past, settings, as_of, max_faulty_share)
    assert outcome.account is not None  # redemption_examples has one
    (account,) = outcome.account.collect()
    outcome.judge(account)
    return weighting.redemption_weights(outcome.frame.localCheckpoint(), settings).frame


def _offer_tables(tables: Mapping[str, DataFrame]) -> OfferTables:
    missing = [name for name in ("offers", "redemptions") if name not in tables]
    if missing:
        raise ContractError(f"tables has no {' and no '.join(missing)}.")
    spark = tables["offers"].sparkSession
    nothing = spark.createDataFrame([], "offer_id string, engaged_at timestamp")
    no_purchases = spark.createDataFrame([], PURCHASES.ddl)
    purchases = _conformed(tables.get("purchases", no_purchases), PURCHASES, tuple(ABSENT))
    if "purchases" in tables:
        _require_ids(purchases, PURCHASES)
    optional = ("features", "source_file")
    return OfferTables(
        _conformed(tables["offers"], OFFERS, optional),
        _conformed(tables.get("engagements", nothing), ENGAGEMENTS, optional),
        _conformed(tables["redemptions"], REDEMPTIONS, optional),
        purchases,
    )


def _conformed(rows: DataFrame, table: Table, optional: Sequence[str]) -> DataFrame:
    """The rows with the table's columns. Raises ContractError naming all that do not fit."""
    kinds = {field.name: field.dataType for field in rows.schema}
    wanted = [name for name in table.names if name not in optional]
    faults = [f"missing {name}" for name in wanted if name not in kinds]
    if table is PURCHASES and not kinds.keys() & {"order_id", "customer_id"}:
        faults.append("missing order_id or customer_id")
    columns: list[Column] = []
    for field in table.columns:
        name, kind = field.name, kinds.get(field.name)
        if kind is None:
            columns.append(F.expr(ABSENT.get(name, "null")).alias(name))
        elif _fits(field.dataType, kind):
            columns.append(F.col(name).cast(field.dataType).alias(name))
        else:
            want, have = field.dataType.simpleString(), kind.simpleString()
            faults.append(f"{name} is {have}, not {want}")
    if faults:
        raise ContractError(f"{table.name}: {'; '.join(faults)}.")
    return rows.select(*columns)


def _fits(want: DataType, have: DataType) -> bool:
    """Whether a column is what is wanted, or can be made so without a guess."""
    if isinstance(want, StringType):
        return isinstance(have, StringType | IntegralType)
    if isinstance(want, TimestampType):
        return isinstance(have, TimestampType)
    return want == have or not isinstance(have, StringType)


def _require_ids(lines: DataFrame, table: Table) -> None:
    """Raise ContractError where rows lack what every line of an order has, or ids are empty."""
    is_empty = (F.col("order_id") == "") | (F.col("customer_id") == "")
    lacks = {
        "no item_id": F.coalesce("item_id", F.lit("")) == "",
        "no purchased_at": F.col("purchased_at").isNull(),
        "neither order_id nor customer_id": F.coalesce("order_id", "customer_id").isNull(),
        "an empty order_id or customer_id": is_empty,  # guests: they would be one huge customer
        "no market": F.coalesce("market", F.lit("")) == "",
        "no quantity above 0": F.coalesce("quantity", F.lit(0.0)) <= 0,
    }
    (counts,) = lines.agg(*(F.count_if(lacks[name]).alias(name) for name in lacks)).collect()
    faults = [f"{counts[name]:,} rows have {name}" for name in lacks if counts[name]]
    if faults:
        raise ContractError(f"{table.name}: {'; '.join(faults)}: leave them out, or correct them.")
