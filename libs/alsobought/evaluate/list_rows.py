"""Lists of every table as rows of numbers, beside what their customers bought, for the workers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce

import numpy as np
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from alsobought.days import DAY_MICROS, EPOCH
from alsobought.errors import JobError
from alsobought.evaluate.customer_facts import CUSTOMER
from alsobought.evaluate.formulas import Ints, runs_of
from alsobought.tables.related import RELATED_ITEMS
from alsobought.tables.stored import DatedRows

ROWS = "cut_off int, unit bigint, model int, place int, item bigint, market int"
"""A row of numbers. `unit`: xxhash64(market, customer_id). `item`: xxhash64(item_id). `place`: the
rank; of a FACT the flags of customer_facts. `market`: of a FACT the place among the markets."""
FACT = -1
"""The model of rows that say what a customer bought."""
FIRST_REASON = -2
"""Of model m the reasons are rows of the model FIRST_REASON - m."""
OF_RELATED = ("unit", "relation", "metric")


@dataclass(frozen=True)
class CommonLists:
    """The lists that are every customer's of a market at a cut-off: places ascend in a model."""

    models: Ints
    items: Ints
    places: Ints


@dataclass(frozen=True)
class Models:
    """Which models have lists at which cut-offs."""

    names: tuple[str, ...]
    """Sorted; a model's code is its place here."""
    tables: Mapping[str, str]
    """The table of each model."""
    cut_offs: Mapping[str, frozenset[int]]
    """The cut-offs, by their places, at which each has lists."""


def with_model(name: str, lists: DatedRows) -> DataFrame:
    """The table's rows with the column `model`: of related_items made of unit, relation, metric."""
    if name != RELATED_ITEMS.name:
        return lists.rows
    return lists.rows.withColumn("model", F.concat_ws(" ", F.lit(name), *OF_RELATED))


def find_models(tables: Mapping[str, DatedRows], cut_offs: Sequence[date]) -> Models:
    """The models of all tables, and when each has lists.

    Raises JobError where two tables have a model of one name. Cost: one scan of the tables' days
    and models.
    """
    parts = [
        with_model(name, lists).select(F.lit(name).alias("table"), "model", "as_of")
        for name, lists in tables.items()
    ]
    counted = [part.distinct() for part in parts]
    seen = [tuple(row) for row in reduce(DataFrame.unionByName, counted).collect()]
    table_of: dict[str, str] = {}
    for table, model, _ in sorted(seen):
        if table_of.setdefault(model, table) != table:
            raise JobError(
                f"The model {model} is in two tables, {table_of[model]} and {table}: "
                f"call it otherwise in one of them."
            )
    days = {
        model: frozenset(cut_offs.index(day) for _, m, day in seen if m == model)
        for model in table_of
    }
    return Models(tuple(sorted(table_of)), table_of, days)


def fact_rows(facts: DataFrame, markets: Sequence[str]) -> DataFrame:
    """ROWS of what judged customers bought."""
    return facts.select(
        F.col("cut_off").cast("int"),
        unit().alias("unit"),
        F.lit(FACT).alias("model"),
        F.col("flags").cast("int").alias("place"),
        F.xxhash64("item_id").alias("item"),
        _place_in(F.col("market"), markets).alias("market"),
    )


def personal_rows(lists: DataFrame, models: Models, cut_offs: Sequence[date]) -> DataFrame:
    """ROWS of the lists of single customers, and of the reasons that they give."""
    of_customers = lists.where("customer_id IS NOT NULL")
    code = _place_in(F.col("model"), models.names)
    rows = of_customers.select(
        _place_in(F.col("as_of"), cut_offs).alias("cut_off"),
        unit().alias("unit"),
        code.alias("model"),
        F.col("rank").alias("place"),
        F.xxhash64("item_id").alias("item"),
        F.lit(FACT).alias("market"),
    )
    if "reasons" not in lists.columns:
        return rows
    reasons = of_customers.select(
        _place_in(F.col("as_of"), cut_offs).alias("cut_off"),
        unit().alias("unit"),
        (FIRST_REASON - code).alias("model"),
        F.lit(0).alias("place"),
        F.explode(F.transform("reasons", lambda one: F.xxhash64(one["item_id"]))).alias("item"),
        F.lit(FACT).alias("market"),
    )
    return rows.unionByName(reasons)


def related_rows(
    related: DataFrame, newest: DataFrame, models: Models, cut_offs: Sequence[date]
) -> DataFrame:
    """ROWS of the lists of each customer's newest purchase.

    In:   related_items with `model`, and customer_facts.newest_items.
    Cost: a join of these by cut-off, market and item; rows = customers x models x list length.
    """
    lists = related.select(
        _place_in(F.col("as_of"), cut_offs).alias("cut_off"),
        "market",
        "item_id",
        _place_in(F.col("model"), models.names).alias("model"),
        F.col("rank").alias("place"),
        F.xxhash64("related_item_id").alias("item"),
    )
    triggers = newest.select("cut_off", "market", "item_id", unit().alias("unit"))
    joined = triggers.join(lists, on=["cut_off", "market", "item_id"], how="inner")
    return joined.select("cut_off", "unit", "model", "place", "item", F.lit(FACT).alias("market"))


def common_lists(
    lists: Sequence[DataFrame], models: Models, cut_offs: Sequence[date], markets: Sequence[str]
) -> dict[tuple[int, int], CommonLists]:
    """The lists that are every customer's, by the places of cut-off and market.

    Cost: the driver holds markets x models x list length.
    """
    parts = [
        rows.where("customer_id IS NULL").select(
            _place_in(F.col("as_of"), cut_offs).alias("cut_off"),
            _place_in(F.col("market"), markets).alias("market"),
            _place_in(F.col("model"), models.names).alias("model"),
            F.col("rank").alias("place"),
            F.xxhash64("item_id").alias("item"),
        )
        for rows in lists
    ]
    if not parts:
        return {}
    order = ("cut_off", "market", "model", "place")
    table = reduce(DataFrame.unionByName, parts).where("market >= 0").toArrow()
    ordered = table.sort_by([(name, "ascending") for name in order])
    columns = {name: ordered[name].to_numpy().astype(np.int64) for name in ordered.column_names}
    keys = columns["cut_off"] * len(markets) + columns["market"]
    return {
        (int(columns["cut_off"][start]), int(columns["market"][start])): CommonLists(
            *(columns[name][start:end] for name in ("model", "item", "place"))
        )
        for start, end in runs_of(keys)
    }


def is_late(rows: DataFrame) -> Column:
    """Whether a row names a time on or after its own as-of day."""
    times = [field.name for field in rows.schema if field.dataType.typeName() == "timestamp"]
    day_micros = F.datediff("as_of", F.lit(EPOCH)).cast("bigint") * F.lit(DAY_MICROS)
    late = [F.coalesce(F.unix_micros(name) >= day_micros, F.lit(False)) for name in times]
    return reduce(Column.__or__, late, F.lit(False))


def unit() -> Column:
    """The hash by which a customer of a market goes to a task."""
    return F.xxhash64(*CUSTOMER)


def _place_in(value: Column, names: Sequence[str] | Sequence[date]) -> Column:
    """The place of a value among names, -1 where it is none of them: an int."""
    return (F.array_position(F.array(*map(F.lit, names)), value) - 1).cast("int")
