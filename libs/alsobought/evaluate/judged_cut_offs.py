"""Which cut-offs are judged: those with lists, and with customers who bought something after."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from alsobought.days import EPOCH
from alsobought.errors import JobError
from alsobought.evaluate import list_rows
from alsobought.evaluate.customer_facts import Windows, customers_by_market, pairs_of_customers
from alsobought.evaluate.formulas import Ints
from alsobought.evaluate.list_rows import Models
from alsobought.evaluate.settings import Evaluations
from alsobought.tables.stored import DatedRows

SECTION = "[jobs.evaluations]"


@dataclass(frozen=True)
class Inputs:
    """What is judged, by what, and what items are."""

    purchases: DataFrame
    returned: DataFrame | None
    items: DataFrame
    ours: Mapping[str, DatedRows]
    """The project's tables of lists, and related_items."""
    others: Mapping[str, DatedRows]
    """Other programs' tables of lists."""
    statistics: DatedRows | None = None
    """item_statistics, of which lists are made: its counts are proved as theirs are."""

    @property
    def tables(self) -> dict[str, DatedRows]:
        """All tables with lists."""
        return {**self.ours, **self.others}


@dataclass(frozen=True)
class Judged:
    """Which cut-offs are judged: those with lists, and with customers who bought after them."""

    windows: Windows
    models: Models
    markets: tuple[str, ...]
    customers: Ints
    """Markets x cut-offs: customers with a purchase before."""
    notes: list[str]
    """What is left out, in sentences."""


def judged_cut_offs(inputs: Inputs, lines: DataFrame, settings: Evaluations, as_of: date) -> Judged:
    """The cut-offs that can be judged; none where there are no lists of any.

    In:     lines as of `lines_with_returns`.
    Raises: JobError where no customer has bought anything in any truth window, or where two tables
            have a model of one name.
    Cost:   one grouping of the purchases by customer and item, one scan of their times, one of the
            lists' models.

    A cut-off without a purchase in the last fifth of its truth is left out: half of the truth may
    not have arrived yet.
    """
    days = settings.cut_off_days(as_of)
    windows = Windows(tuple(days), settings.truth_days)
    by_market = customers_by_market(pairs_of_customers(lines, windows), days).collect()
    bought_after = [n for n in range(len(days)) if any(row["judged"][n] for row in by_market)]
    newest, newest_of_customers = _newest(inputs.purchases)
    if not bought_after or newest is None:
        raise _nothing_bought(newest_of_customers, windows)
    arrived = [n for n in bought_after if newest >= windows.arrived_from(days[n])]
    models = list_rows.find_models(inputs.tables, days)
    with_lists = sorted(frozenset().union(*models.cut_offs.values()))
    chosen = [n for n in arrived if n in with_lists]
    kept = {name: frozenset(chosen.index(n) for n in at if n in chosen)
            for name, at in models.cut_offs.items()}  # fmt: skip
    names = tuple(name for name in models.names if kept[name])
    by_name = sorted(by_market, key=lambda row: row["market"])
    return Judged(
        Windows(tuple(days[n] for n in chosen), settings.truth_days),
        Models(names, {n: models.tables[n] for n in names}, {n: kept[n] for n in names}),
        tuple(row["market"] for row in by_name),
        np.array([[row["customers"][n] for n in chosen] for row in by_name], np.int64),
        [
            *_not_arrived([days[n] for n in bought_after if n not in arrived], windows, newest),
            *([_no_lists([days[n] for n in arrived], inputs)] if arrived else []),
        ]
        if not chosen
        else [
            *_left_out(days, bought_after, with_lists, windows),
            *_not_arrived(
                [days[n] for n in with_lists if n in bought_after and n not in arrived],
                windows,
                newest,
            ),
            *_lacking(inputs, models, [days[n] for n in chosen], days),
            *_not_compared(settings, names),
        ],
    )


def _newest(purchases: DataFrame) -> tuple[date | None, date | None]:
    """The days of the last purchase of all, and of the last of a customer; None: there is none."""
    at = F.unix_micros("purchased_at")
    of_customers = F.when(F.col("customer_id").isNotNull(), at)
    newest = purchases.agg(F.max(at), F.max(of_customers)).collect()[0]
    every, of_customer = (
        None if one is None else EPOCH + timedelta(microseconds=one) for one in newest
    )
    return every, of_customer


def _left_out(
    days: Sequence[date], bought: Sequence[int], with_lists: Sequence[int], windows: Windows
) -> list[str]:
    """A sentence on each cut-off that is not judged."""
    nothing = [
        f"cut-off {day} is left out: no customer bought anything from it to {windows.end(day)}"
        for n, day in enumerate(days)
        if n not in bought
    ]
    return nothing + [
        f"cut-off {day} is left out: there are no lists of it"
        for n, day in enumerate(days)
        if n in bought and n not in with_lists
    ]


def _not_arrived(days: Sequence[date], windows: Windows, newest: date) -> list[str]:
    """A sentence on each cut-off whose truth has not arrived: every model would look bad."""
    return [
        f"cut-off {day} is left out: its truth goes to {windows.end(day)}, and the newest purchase "
        f"is of {newest}, so what was bought last has not arrived; once it has, run evaluations "
        f"again"
        for day in days
    ]


def _lacking(
    inputs: Inputs, models: Models, chosen: Sequence[date], days: Sequence[date]
) -> list[str]:
    """A sentence on each table without lists of a cut-off that is judged."""
    said = []
    for table in inputs.tables:
        of_table = [models.cut_offs[name] for name, its in models.tables.items() if its == table]
        there = {days[n] for n in frozenset().union(*of_table)}
        absent = [str(day) for day in chosen if day not in there]
        if absent:
            said.append(f"{table} has no lists of {', '.join(absent)}: not judged there")
    return said


def _not_compared(settings: Evaluations, names: Sequence[str]) -> list[str]:
    return [
        f"nothing is compared with {model}, which has no lists"
        for model in settings.compared_with
        if model not in names
    ]


def _nothing_bought(newest: date | None, windows: Windows) -> JobError:
    first, last = windows.cut_offs[0], windows.end(windows.cut_offs[-1])
    day = "there is none" if newest is None else f"the newest is of {newest}"
    if newest is None or newest < first:
        said = f"Every cut-off from {first} on lies after the last purchase of a customer ({day})"
    else:
        said = f"No customer bought anything in the days after a cut-off, {first} to {last} ({day})"
    return JobError(f"{said}: take another --as-of, or other cut-offs in {SECTION}.")


def _no_lists(days: Sequence[date], inputs: Inputs) -> str:
    return (
        f"nothing is judged: there are no lists of the cut-offs {', '.join(map(str, days))}; those "
        f"of a day are made by alsobought run {' '.join(inputs.ours)} --as-of {days[-1]}"
    )
