"""What each customer is likely to buy again, by each model of the time of the next purchase."""

from collections.abc import Sequence
from datetime import date
from functools import partial

from pyspark.sql import Column, DataFrame, Row, Window
from pyspark.sql import functions as F

from alsobought.errors import JobError
from alsobought.recommend.baselines import formulas
from alsobought.recommend.baselines.product_lines import (
    CUSTOMER,
    OF_CUSTOMER,
    Purchased,
    day_number,
    only_available,
    product_lines,
    purchase_days,
)
from alsobought.recommend.baselines.settings import BuyAgain
from alsobought.tables.outcome import Outcome
from alsobought.tables.recommend import BUY_AGAIN

SECTION = "[jobs.buy_again]"
BASELINE = "most_bought"
ESTIMATES = (
    "repeat_probability", "mean_gap_days", "log_gap_mean", "log_gap_deviation", "rate_shape",
    "rate_days",
)  # fmt: skip


def buy_again(
    tables: Purchased, repeats: DataFrame | None, settings: BuyAgain, as_of: date
) -> Outcome:
    """Each customer's best `top_k` available items of those bought before, by each model.

    In:    `repeats`: `repeat_purchases` of the day. An item is in no list where its
           repeat_probability is below the least, or it is not in that table, but in that of
           most_bought: what customers bought most is the baseline that the others must beat.
    Out:   rows of BUY_AGAIN, rank 1 first; equal scores are ranked by item_id. See `scores`.
    Raises JobError where there is no such table, and (by the account's judge) where no customer has
           bought anything.
    Cost:  one shuffle of the lines by customer, in which all else is done; the items' estimates and
           availability are sent to all. Rows: customers x models x top_k.
    """
    if repeats is None:
        raise JobError(f"{SECTION} needs the table repeat_purchases: add [jobs.repeat_purchases].")
    assert tables.items is not None  # the job reads them
    pairs = purchase_days(product_lines(tables, settings, as_of, settings.look_back_days))
    of_items = F.broadcast(repeats.select("market", "item_id", *ESTIMATES))
    bought = only_available(pairs, tables.items, settings.lists)
    scored = with_scores(bought.join(of_items, ["market", "item_id"], "left"), settings, as_of)
    rows = ranked(scored, settings.top_k)
    return Outcome(
        rows,
        _account(pairs, repeats, rows, settings.min_repeat_probability),
        partial(judge, settings=settings, as_of=as_of),
        reused=(pairs, rows),
    )


def scores(as_of: date, half_life_days: float | None) -> dict[str, Column]:
    """The score of a customer's item by each model; null where its item has no such estimate.

        repeat_probability   p = repeat_buyers / buyers of the item
        atd                  p * density of the item's gaps at the days since the last purchase
        pg                   p * l exp(-l),  l = (n + alpha) / (t + beta)
        mpg                  as pg, with the days of `formulas.modified_days` in place of t
        most_bought          the days on which the customer bought it

    atd, pg and mpg are the chance of a purchase on the as-of day, in [0, 1]. With `half_life_days`
    n and t of pg are those of `formulas.faded_repeats` and `faded_days`; alpha and beta, what is
    known of the item's customers in general, stay.
    In: columns of `purchase_days` and ESTIMATES. Sources: see `formulas`.
    """
    day = day_number(as_of)
    first, last = F.element_at("days", 1), F.element_at("days", -1)
    elapsed, span = day - last, last - first
    repeats, p = F.size("days") - 1, F.col("repeat_probability")
    gamma = F.col("rate_shape"), F.col("rate_days")
    modified = formulas.modified_days(span, elapsed, F.col("mean_gap_days"))
    density = formulas.gap_density(elapsed, F.col("log_gap_mean"), F.col("log_gap_deviation"))
    evidence = repeats, span + elapsed
    if half_life_days is not None:
        faded = formulas.faded_repeats(F.col("days"), day, half_life_days)
        evidence = faded, formulas.faded_days(span + elapsed, half_life_days)
    rate = formulas.posterior_rate(*evidence, *gamma)
    modified_rate = formulas.posterior_rate(repeats, modified, *gamma)
    return {
        "repeat_probability": p,
        "atd": p * density,
        "pg": p * formulas.chance_of_one(rate),
        "mpg": p * formulas.chance_of_one(modified_rate),
        BASELINE: F.size("days").cast("double"),
    }


def with_scores(pairs: DataFrame, settings: BuyAgain, as_of: date) -> DataFrame:
    """One row for each customer's item and model that lists it, with `model` and `score`."""
    by_model = scores(as_of, settings.half_life_days)
    is_bought_again = F.col("repeat_probability") >= F.lit(settings.min_repeat_probability)

    def scored(model: str) -> Column:
        score = by_model[model]
        listed = score if model == BASELINE else F.when(is_bought_again, score)
        return F.struct(F.lit(model).alias("model"), listed.alias("score"))

    every = F.array(*map(scored, settings.models))
    listed = F.filter(every, lambda of_model: of_model["score"].isNotNull())
    exploded = pairs.select("*", F.explode(listed).alias("_scored"))
    purchases = F.size("days").cast("bigint").alias("purchases")
    return exploded.select(*OF_CUSTOMER, "_scored.*", purchases, "last_purchased_at")


def ranked(scored: DataFrame, top_k: int) -> DataFrame:
    """The best `top_k` items of each customer and model, as rows of BUY_AGAIN."""
    best = Window.partitionBy(*CUSTOMER, "model").orderBy(F.desc("score"), F.asc("item_id"))
    numbered = scored.withColumn("rank", F.row_number().over(best))
    return numbered.where(F.col("rank") <= top_k).select(*BUY_AGAIN.names)


def _account(pairs: DataFrame, repeats: DataFrame, rows: DataFrame, least: float) -> DataFrame:
    """One row: customers, items of the table repeat_purchases and those that are bought again often
    enough, and of each model the customers with a list and the places."""
    customers = pairs.select(*CUSTOMER).distinct().agg(F.count(F.lit(1)).alias("customers"))
    items = repeats.agg(
        F.count(F.lit(1)).alias("items"),
        F.count_if(F.col("repeat_probability") >= F.lit(least)).alias("bought_again"),
    )
    of_model = rows.groupBy("model").agg(
        F.count_if(F.col("rank") == 1).alias("lists"), F.count(F.lit(1)).alias("places")
    )
    models = of_model.agg(
        F.sort_array(F.collect_list(F.struct("model", "lists", "places"))).alias("models")
    )
    return customers.crossJoin(items).crossJoin(models)


def judge(account: Row, settings: BuyAgain, as_of: date) -> list[str]:
    """The account as sentences. Raises JobError where no customer has bought anything."""
    customers = account["customers"]
    if not customers:
        raise JobError(
            f"No customer's purchase lies in the {settings.look_back_days} days before {as_of}: "
            f"take another --as-of, or a longer look_back_days in {SECTION}."
        )
    counts = {row["model"]: (row["lists"], row["places"]) for row in account["models"]}
    return [
        f"{account['bought_again']:,} of {account['items']:,} items are bought again by at least "
        f"{settings.min_repeat_probability:.1%} of their buyers",
        *_lists_in_words(settings.models, counts, customers),
    ]


def _lists_in_words(
    models: Sequence[str], counts: dict[str, tuple[int, int]], customers: int
) -> list[str]:
    """A sentence for all models that have a list for the same number of customers."""
    by_lists: dict[tuple[int, int], list[str]] = {}
    for model in models:
        by_lists.setdefault(counts.get(model, (0, 0)), []).append(model)
    return [
        f"{', '.join(names)}: lists for {lists:,} of {customers:,} customers"
        + (f", of {places / lists:.1f} items in the mean" if lists else "")
        for (lists, places), names in by_lists.items()
    ]
