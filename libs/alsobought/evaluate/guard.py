"""The proof that lists of a day were made of what was before it, and the refusal where not."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import reduce

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from alsobought.days import midnight
from alsobought.errors import JobError
from alsobought.evaluate.group_sums import JUDGED
from alsobought.evaluate.judged_lists import UNKNOWN_CUSTOMER, UNKNOWN_ITEM, UNKNOWN_REASON
from alsobought.evaluate.list_rows import Models, is_late
from alsobought.evaluate.settings import JUDGED as JUDGED_TABLES
from alsobought.tables.related import RELATED_ITEMS
from alsobought.tables.stored import DatedRows

LATE_TIME = "time"
WORDS = {
    UNKNOWN_CUSTOMER: "lists of customers who had bought nothing before it",
    UNKNOWN_ITEM: "places with an item that was first seen on or after it",
    UNKNOWN_REASON: "reasons that their customer had not bought before it",
    LATE_TIME: "places with a time on or after it",
}
Faults = dict[tuple[date, str], dict[str, int]]
"""By cut-off and table the rows that have each fault of WORDS."""
OURS = frozenset(table.name for table in JUDGED_TABLES)
UNITS = {"order": "order_id", "customer": "customer_id"}


def require_recorded_runs(
    tables: Mapping[str, DatedRows], models: Models, cut_offs: Sequence[date]
) -> None:
    """Raise JobError where no run is recorded that made a table's lists as of their day."""
    for model, table in models.tables.items():
        for day in (cut_offs[n] for n in sorted(models.cut_offs[model])):
            recorded = tables[table].runs.get(day, {})
            if recorded.get("job") != table:
                raise JobError(
                    f"{table} has lists of {day} that no run of its job has written, so nothing "
                    f"says that they were made of what was before that day: "
                    f"alsobought run {table} --as-of {day} makes them again."
                )


def late_times(tables: Mapping[str, DatedRows], cut_offs: Sequence[date]) -> DataFrame | None:
    """Per table and cut-off, the rows that name a time on or after it: table, cut_off, rows.

    None: no table has times. Cost: one scan of those that do.
    """
    parts = [
        lists.rows.where(is_late(lists.rows))
        .groupBy(F.lit(name).alias("table"), F.col("as_of").alias("cut_off"))
        .agg(F.count(F.lit(1)).alias("rows"))
        for name, lists in tables.items()
        if any(field.dataType.typeName() == "timestamp" for field in lists.rows.schema)
    ]
    return reduce(DataFrame.unionByName, parts) if parts else None


def buyers_too_many(
    related: DataFrame, lines: DataFrame, cut_offs: Sequence[date], markets: Sequence[str]
) -> DataFrame:
    """Per cut-off of related_items: the items with their buyers, by unit and market, and those of
    which the lists count more than purchases before it have: cut_off, items, too_many, example.

    Lists may count less (a look-back, returns, what is no product, a cap on items), never more. A
    group of markets is not looked at: its members are.
    Cost: two shuffles of the distinct units and items, one scan of the lists.
    """
    roles = (("item_id", "buyers"), ("related_item_id", "related_buyers"))
    named = [
        related.select("as_of", "unit", "market", F.col(item).alias("item_id"), F.col(n).alias("n"))
        for item, n in roles
    ]
    key = ("as_of", "unit", "market", "item_id")
    of_market = F.col("market").isin([*markets])
    counted = reduce(DataFrame.unionByName, named).where(of_market).groupBy(*key)
    stored = counted.agg(F.max("n").alias("stored"))
    counted_before = [_buyers_before(lines, unit, cut_offs) for unit in UNITS]
    both = stored.join(reduce(DataFrame.unionByName, counted_before), list(key), "left").fillna(
        0, ["known"]
    )
    is_too_many = F.col("stored") > F.col("known")
    example = F.min(F.when(is_too_many, F.struct("item_id", "unit", "stored", "known")))
    return both.groupBy(F.col("as_of").alias("cut_off")).agg(
        F.count(F.lit(1)).alias("items"),
        F.count_if(is_too_many).alias("too_many"),
        example.alias("example"),
    )


def _buyers_before(lines: DataFrame, unit: str, cut_offs: Sequence[date]) -> DataFrame:
    """Units with an item before each cut-off: as_of, unit, market, item_id, known."""
    unit_id = UNITS[unit]
    distinct = lines.where(F.col(unit_id).isNotNull()).groupBy("market", unit_id, "item_id")
    firsts = distinct.agg(F.min("purchased_at").alias("first"))
    counts = F.array(
        *(
            F.struct(
                F.lit(day).alias("as_of"),
                F.count_if(F.col("first") < midnight(day)).alias("known"),
            )
            for day in cut_offs
        )
    )
    by_item = firsts.groupBy("market", "item_id").agg(counts.alias("counts"))
    return by_item.select(F.lit(unit).alias("unit"), "market", "item_id", F.inline("counts"))


def account_of(sums: DataFrame, late: DataFrame | None, too_many: DataFrame) -> DataFrame:
    """One row of arrays of structs: `faults`, `judged`, `too_many` and, unless None, `late`."""
    whole = sums.where("segment < 0").groupBy("cut_off", "part", "model")
    counted = whole.agg(F.sum("number").alias("rows"))
    is_judged = F.col("part") == JUDGED
    row = F.struct("cut_off", "part", "model", "rows")
    account = counted.agg(
        F.collect_list(F.when(~is_judged, row)).alias("faults"),
        F.collect_list(F.when(is_judged, row)).alias("judged"),
    )
    for name, rows in (("late", late), ("too_many", too_many)):
        if rows is not None:
            structs = F.collect_list(F.struct(*rows.columns))
            account = account.crossJoin(rows.agg(structs.alias(name)))
    return account


def faults_of_account(account: Row, models: Models, cut_offs: Sequence[date]) -> Faults:
    """What is wrong with which table's lists, from the account."""
    faults: Faults = {}
    for one in account["faults"]:
        table = models.tables[models.names[one["model"]]]
        counts = faults.setdefault((cut_offs[one["cut_off"]], table), {})
        counts[one["part"]] = counts.get(one["part"], 0) + one["rows"]
    for one in _of(account, "late"):
        faults.setdefault((one["cut_off"], one["table"]), {})[LATE_TIME] = one["rows"]
    return faults


def require_no_leak(faults: Faults) -> list[str]:
    """Sentences on other programs' lists; JobError where the project's have what was not known.

    The project's lists are made of purchases and the catalogue; others may know more.
    """
    said = []
    for (day, table), counts in sorted(faults.items()):
        in_words = " and ".join(
            f"{counts[kind]:,} {words}" for kind, words in WORDS.items() if kind in counts
        )
        if table in OURS:
            raise JobError(
                f"{table} of {day} was made of what was on or after that day: it has {in_words}. "
                f"Make that day again: alsobought run {table} --as-of {day}."
            )
        said.append(f"{table} of {day} has {in_words}: see that it was made of what was before")
    return said


def require_few_corrections(account: Row, max_corrected_share: float) -> list[str]:
    """A sentence for each cut-off of which related_items has more buyers than purchases have.

    Raises JobError where that is so of more items than `max_corrected_share` of them.
    """
    counts = _of(account, "too_many")
    return list(_corrected((row for row in counts if row["too_many"]), max_corrected_share))


def _of(account: Row, name: str) -> Iterable[Row]:
    rows: Iterable[Row] = account.asDict().get(name, ())
    return rows


def _corrected(counts: Iterable[Row], max_corrected_share: float) -> Iterable[str]:
    """A sentence on items with fewer buyers than lists have; JobError where these are too many."""
    for one in sorted(counts, key=lambda row: row["cut_off"]):
        day, example = one["cut_off"], one["example"]
        excess = (
            f"{RELATED_ITEMS.name} of {day} counts more buyers than the purchases before that day "
            f"have, of {one['too_many']:,} of {one['items']:,} items ({example['item_id']} by "
            f"{example['unit']}: {example['stored']:,}, not {example['known']:,})"
        )
        if one["too_many"] > max_corrected_share * one["items"]:
            raise JobError(
                f"{excess}: purchases on or after it were read, or more were corrected since than "
                f"max_corrected_share = {max_corrected_share} in [jobs.evaluations] allows. Make "
                f"that day again: alsobought run co_purchases item_statistics related_items "
                f"--as-of {day}."
            )
        yield f"{excess}: corrected since, or read on or after it"
