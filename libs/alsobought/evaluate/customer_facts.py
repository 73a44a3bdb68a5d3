"""What each customer had bought before each cut-off, and bought after it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from alsobought.days import days_before, is_within, midnight
from alsobought.returns import with_return_times

NEW_DAYS = 28
"""A customer whose first purchase is at most so many days old is new."""
BEFORE, WANTED, SEEN, OLD = 1, 2, 4, 8
"""Flags of a customer and an item at a cut-off: it was bought before and not returned by then;
bought in the truth window; bought before, returned or not; bought more than NEW_DAYS before."""
ARRIVED_PART = 5
CUSTOMER = ("market", "customer_id")
PAIR = (*CUSTOMER, "item_id")


@dataclass(frozen=True)
class Windows:
    """The cut-offs, which ascend, and the days of truth that follow each."""

    cut_offs: tuple[date, ...]
    truth_days: int

    def end(self, cut_off: date) -> date:
        """The day before whose start the truth of a cut-off ends."""
        return cut_off + timedelta(days=self.truth_days)

    def arrived_from(self, cut_off: date) -> date:
        """The first day of the last fifth of the truth: a purchase from then on says that the truth
        of a cut-off has arrived."""
        return self.end(cut_off) - timedelta(days=-(-self.truth_days // ARRIVED_PART))


def lines_with_returns(purchases: DataFrame, returned: DataFrame | None) -> DataFrame:
    """The lines that were bought, with `returned_at`, null where something was kept."""
    if returned is None:
        return purchases.withColumn("returned_at", F.lit(None).cast("timestamp"))
    return with_return_times(purchases, returned)


def was_bought(cut_off: date) -> Column:
    """Whether a line counts on the cut-off: bought before it, and not returned by then."""
    return (F.col("purchased_at") < midnight(cut_off)) & _is_kept(cut_off)


def is_wanted(windows: Windows, cut_off: date) -> Column:
    """Whether a line is of the truth of the cut-off: bought in the window, and kept to its end."""
    end = windows.end(cut_off)
    return is_within(F.col("purchased_at"), cut_off, end) & _is_kept(end)


def _is_kept(before: date) -> Column:
    return F.col("returned_at").isNull() | (F.col("returned_at") >= midnight(before))


def pairs_of_customers(lines: DataFrame, windows: Windows) -> DataFrame:
    """Each customer's distinct items, with what is true of each at every cut-off.

    In:   lines as of `lines_with_returns`; guests' are left out.
    Out:  market, customer_id, item_id, `flags` (an array of a number per cut-off), `last` (an array
          of the last purchase before each, microseconds; null: none).
    Cost: one shuffle of the lines by customer, which later groups and windows by customer keep.
    """
    by_customer = lines.where("customer_id IS NOT NULL").repartition(*CUSTOMER)
    of_cut_offs = [_of_cut_off(windows, day) for day in windows.cut_offs]
    first = F.min("purchased_at").alias("_first")
    lasts = [F.max(before).alias(f"_last_{n}") for n, (before, _) in enumerate(of_cut_offs)]
    wanted = [F.max(truth).alias(f"_wanted_{n}") for n, (_, truth) in enumerate(of_cut_offs)]
    pairs = by_customer.groupBy(*PAIR).agg(first, *lasts, *wanted)
    flags = [_flags(n, day) for n, day in enumerate(windows.cut_offs)]
    last = [F.unix_micros(f"_last_{n}") for n in range(len(of_cut_offs))]
    return pairs.select(*PAIR, F.array(*flags).alias("flags"), F.array(*last).alias("last"))


def _of_cut_off(windows: Windows, cut_off: date) -> tuple[Column, Column]:
    before = F.when(was_bought(cut_off), F.col("purchased_at"))
    return before, is_wanted(windows, cut_off)


def _flags(number: int, cut_off: date) -> Column:
    conditions = {
        BEFORE: F.col(f"_last_{number}").isNotNull(),
        WANTED: F.col(f"_wanted_{number}"),
        SEEN: F.col("_first") < midnight(cut_off),
        OLD: F.col("_first") < midnight(days_before(cut_off, NEW_DAYS)),
    }
    set_flags = [F.when(is_true, flag).otherwise(0) for flag, is_true in conditions.items()]
    return reduce(Column.__add__, set_flags)


def of_judged_customers(pairs: DataFrame) -> DataFrame:
    """The pairs of customers with a purchase to foretell, one row for each such cut-off.

    Out:  market, customer_id, item_id, cut_off (its place among the cut-offs), flags, last; pairs
          of which nothing is true at a cut-off have no row there.
    Cost: no shuffle after `pairs_of_customers`; rows = pairs x cut-offs, at most.
    """
    rows = pairs.select(*PAIR, F.posexplode(F.arrays_zip("flags", "last")))
    at_cut_off = rows.select(*PAIR, F.col("pos").alias("cut_off"), "col.flags", "col.last")
    customer = Window.partitionBy(*CUSTOMER, "cut_off")
    is_wanted_here = F.col("flags").bitwiseAND(WANTED) > 0
    judged = at_cut_off.where("flags > 0").withColumn(
        "_is_judged", F.max(is_wanted_here).over(customer)
    )
    return judged.where("_is_judged").drop("_is_judged")


def newest_items(facts: DataFrame) -> DataFrame:
    """Each judged customer's newest purchase before each cut-off: cut_off, market, customer_id,
    item_id. Of several at one time that of the least item_id as text.

    In: `of_judged_customers`. A customer who had bought nothing has none.
    """
    newest = F.min(F.struct((-F.col("last")).alias("age"), F.col("item_id"))).alias("newest")
    before = facts.where("last IS NOT NULL").groupBy(*CUSTOMER, "cut_off").agg(newest)
    return before.select("cut_off", *CUSTOMER, "newest.item_id")


def customers_by_market(pairs: DataFrame, cut_offs: Sequence[date]) -> DataFrame:
    """Per market: `customers`, an array of those with a purchase before each cut-off, and `judged`,
    of those with one to foretell."""
    places = range(len(cut_offs))
    counted = {"customers": BEFORE, "judged": WANTED}
    has_any = [
        F.max(F.col("flags")[n].bitwiseAND(flag) > 0).alias(f"{name}_{n}")
        for name, flag in counted.items()
        for n in places
    ]
    by_customer = pairs.groupBy(*CUSTOMER).agg(*has_any)
    sums = [
        F.array(*(F.count_if(F.col(f"{name}_{n}")) for n in places)).alias(name) for name in counted
    ]
    return by_customer.groupBy("market").agg(*sums)
