"""The proof that lists of a day were made of what was before it, and the refusal where not.

By three looks. The purchases that a day's lists were made of, at the version that their runs had
read: where these had no row on or after the day, nothing could leak; where they had, the counts of
the lists are made again (`recounts`). The times that lists name. And what is in lists that nobody
could know, by the purchases of now (`list_faults`); where the purchases that were read say so too,
it is a leak, else they were corrected since.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import reduce
from typing import NamedTuple

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from alsobought.days import midnight
from alsobought.errors import JobError
from alsobought.evaluate.group_sums import JUDGED
from alsobought.evaluate.list_faults import UNKNOWN_CUSTOMER, UNKNOWN_ITEM, UNKNOWN_REASON
from alsobought.evaluate.list_rows import Models, is_late, unit
from alsobought.evaluate.purchases_read import Made, PurchasesRead
from alsobought.evaluate.settings import JUDGED as JUDGED_TABLES
from alsobought.tables.stored import DatedRows

LATE_TIME = "time"
WORDS = {
    UNKNOWN_CUSTOMER: "lists of customers who had bought nothing before it",
    UNKNOWN_ITEM: "places with an item that was first seen on or after it",
    UNKNOWN_REASON: "reasons that their customer had not bought before it",
    LATE_TIME: "places with a time on or after it",
}
OURS = frozenset(table.name for table in JUDGED_TABLES)
FAULTS = "cut_off int, part string, model int, number bigint, unit bigint, item bigint"
"""Rows of group_sums.SUMS that are list_faults.Faults."""


class Count(NamedTuple):
    """How many rows have a fault, and how many of them by the purchases that were read, too."""

    rows: int
    unexplained: int


Faults = dict[Made, dict[str, Count]]
"""By table and day the rows that have each fault of WORDS."""


def require_recorded_runs(
    tables: Mapping[str, DatedRows], days: Mapping[str, Sequence[date]]
) -> None:
    """Raise JobError where no run is recorded that made a table's lists as of their day."""
    for table, its in tables.items():
        for day in days[table]:
            if its.runs.get(day, {}).get("job") != table:
                raise JobError(
                    f"{table} has lists of {day} that no run of its job has written, or none that "
                    f"Delta's log still has (docs/operations.md: Old days), so nothing says that "
                    f"they were made of what was before that day: alsobought run {table} --as-of "
                    f"{day} makes them again."
                )


def late_times(tables: Mapping[str, DatedRows]) -> DataFrame | None:
    """Per table and day, the rows that name a time on or after it: table, day, rows.

    None: no table has times. Cost: one scan of those that do.
    """
    parts = [
        lists.rows.where(is_late(lists.rows))
        .groupBy(F.lit(name).alias("table"), F.col("as_of").alias("day"))
        .agg(F.count(F.lit(1)).alias("rows"))
        for name, lists in tables.items()
        if any(field.dataType.typeName() == "timestamp" for field in lists.rows.schema)
    ]
    return reduce(DataFrame.unionByName, parts) if parts else None


def explained(
    faults: DataFrame, read: PurchasesRead, models: Models, cut_offs: Sequence[date]
) -> DataFrame:
    """FAULTS with `is_explained`: whether the purchases that the lists were made of knew, before
    the day, the customer, the item, or the customer's purchase of the item.

    Cost: a scan of these purchases, unless there are no faults; they meet the faults, which are
    sent to all.
    """
    key = F.when(F.col("part") == UNKNOWN_CUSTOMER, F.col("unit")).when(
        F.col("part") == UNKNOWN_ITEM, F.col("item")
    )
    pair = F.xxhash64("unit", "item")
    table = F.element_at(F.array(*(F.lit(models.tables[n]) for n in models.names)),
                         F.col("model") + 1)  # fmt: skip
    keyed = faults.withColumns({"key": F.coalesce(key, pair), "table": table})
    on = ["cut_off", "table", "part", "key"]
    parts = [
        _keys(lines, day).withColumns(
            {
                "cut_off": F.lit(cut_offs.index(day)),
                "table": F.explode(F.array(*map(F.lit, names))),
            }
        )
        for day, names, lines in read.by_version()
    ]
    if not parts:
        return keyed.withColumn("is_explained", F.lit(False))
    wanted = F.broadcast(keyed.select(*on).distinct())
    met = reduce(DataFrame.unionByName, parts).join(wanted, on).select(*on).distinct()
    marked = keyed.join(met.withColumn("_is_met", F.lit(True)), on, "left")
    return marked.withColumn("is_explained", F.col("_is_met").isNotNull()).drop("_is_met")


def _keys(lines: DataFrame, day: date) -> DataFrame:
    """What purchases before a day know: `part` and `key` of each kind of fault."""
    hashed = lines.where(F.col("purchased_at") < midnight(day)).select(
        F.when(F.col("customer_id").isNotNull(), unit()).alias("unit"),
        F.xxhash64("item_id").alias("item"),
    )
    keys = {
        UNKNOWN_CUSTOMER: F.col("unit"),
        UNKNOWN_ITEM: F.col("item"),
        UNKNOWN_REASON: F.when(F.col("unit").isNotNull(), F.xxhash64("unit", "item")),
    }
    pairs = (F.struct(F.lit(kind).alias("part"), k.alias("key")) for kind, k in keys.items())
    return hashed.select(F.inline(F.array(*pairs)))


def account_of(
    sums: DataFrame, faults: DataFrame, more: Mapping[str, DataFrame | None]
) -> DataFrame:
    """One row of arrays of structs: `judged`, `faults`, and those of `more` that are not None.

    faults: as of `explained`.
    """
    judged = sums.where(F.col("part") == JUDGED).groupBy("cut_off")
    missing = F.when(~F.col("is_explained"), F.col("number")).otherwise(0)
    counted = faults.groupBy("cut_off", "part", "table")
    parts: dict[str, DataFrame | None] = {
        "judged": judged.agg(F.sum("number").alias("rows")),
        "faults": counted.agg(F.sum("number").alias("rows"), F.sum(missing).alias("unexplained")),
        **more,
    }
    rows = [
        part.agg(F.collect_list(F.struct(*part.columns)).alias(name))
        for name, part in parts.items()
        if part is not None
    ]
    return reduce(DataFrame.crossJoin, rows)


def faults_of_account(account: Row, cut_offs: Sequence[date]) -> Faults:
    """What is wrong with which table's lists, from the account."""
    faults: Faults = {}
    for one in account["faults"]:
        kinds = faults.setdefault((one["table"], cut_offs[one["cut_off"]]), {})
        kinds[one["part"]] = Count(one["rows"], one["unexplained"])
    for one in _of(account, "late"):
        faults.setdefault((one["table"], one["day"]), {})[LATE_TIME] = Count(
            one["rows"], one["rows"]
        )
    return faults


def require_no_leak(faults: Faults, read: PurchasesRead) -> list[str]:
    """Sentences on other programs' lists, and on purchases that were corrected; JobError where the
    project's lists have what was not known.

    The project's lists are made of purchases and the catalogue; others may know more.
    """
    said = []
    for made, kinds in sorted(faults.items(), key=lambda one: (one[0][1], one[0][0])):
        table, day = made
        every = _in_words({kind: count.rows for kind, count in kinds.items()})
        can_tell = read.can_tell(made)
        leaks = _in_words(
            {k: n.unexplained for k, n in kinds.items() if can_tell or k == LATE_TIME}
        )
        if table not in OURS:
            said.append(f"{table} of {day} has {every}: see that it was made of what was before")
        elif leaks:
            raise JobError(
                f"{table} of {day} was made of what was on or after that day: it has {leaks}. "
                f"Make that day again: alsobought run {table} --as-of {day}."
            )
        elif can_tell:
            said.append(
                f"{table} of {day} has {every}, by the purchases of now; those that it was made of "
                f"had them: corrected since"
            )
        else:
            said.append(f"{table} of {day} has {every}: corrected since, or read on or after it")
    return said


def require_no_larger_counts(account: Row) -> None:
    """Raise JobError where a table's day counts more than the purchases before it had."""
    for one in sorted(_of(account, "too_many"), key=lambda row: (row["day"], row["table"])):
        if one["too_many"]:
            name, day, example = one["table"], one["day"], one["example"]
            raise JobError(
                f"{name} of {day} was made of what was on or after that day: of {one['counts']:,} "
                f"of its counts {one['too_many']:,} are larger than those of the purchases before "
                f"it, as its run had read them ({example['item_id']} by {example['kind']}: "
                f"{example['stored']:,}, not {example['counted']:,}). Make that day again: "
                f"alsobought run {name} --with-upstream --as-of {day}."
            )


def _in_words(counts: Mapping[str, int]) -> str:
    return " and ".join(
        f"{counts[kind]:,} {words}" for kind, words in WORDS.items() if counts.get(kind)
    )


def _of(account: Row, name: str) -> Iterable[Row]:
    rows: Iterable[Row] = account.asDict().get(name, ())
    return rows
