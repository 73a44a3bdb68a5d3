"""How well the lists of earlier days foretold what was bought in the days after them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial, reduce

import numpy as np
from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from alsobought.days import micros
from alsobought.evaluate import guard, list_rows, recounts
from alsobought.evaluate.customer_facts import (
    lines_with_returns,
    newest_items,
    of_judged_customers,
    pairs_of_customers,
)
from alsobought.evaluate.figures import Report, evaluations_of
from alsobought.evaluate.group_sums import group_sums
from alsobought.evaluate.item_factors import item_factors
from alsobought.evaluate.judged_blocks import Judge
from alsobought.evaluate.judged_cut_offs import Inputs, Judged, judged_cut_offs
from alsobought.evaluate.list_faults import KINDS, UNKNOWN_ITEM, is_from_later
from alsobought.evaluate.purchases_read import PurchasesRead, days_of
from alsobought.evaluate.settings import Evaluations
from alsobought.tables.copurchase import ITEM_STATISTICS
from alsobought.tables.evaluate import EVALUATIONS
from alsobought.tables.outcome import Outcome
from alsobought.tables.related import RELATED_ITEMS
from alsobought.tables.stored import DatedRows


def evaluations(inputs: Inputs, settings: Evaluations, as_of: date) -> Outcome:
    """The rows of EVALUATIONS of the lists of `settings.cut_off_days`.

    A customer is judged at a cut-off with a purchase in the truth window that was not returned in
    it; of new items, with one that the customer had not bought before. These customers are the same
    for every model, and one without a list has no hits. Of related_items the list of the newest
    purchase before the cut-off is judged.
    No lists of any cut-off: no rows, and a note. Raises JobError where nothing was bought after
    them, or (by the account's judge) where lists say what was not known before their cut-off.
    Cost: the purchases are grouped by customer and item three times; see `related_rows` and
    `group_sums`, through whose shuffle go customers x models x list length rows, and the guard's
    `recounts`. The driver and every task hold what `item_factors` says of items, and everybody's
    lists.
    """
    lines = lines_with_returns(inputs.purchases, inputs.returned)
    judged = judged_cut_offs(inputs, lines, settings, as_of)
    if not judged.windows.cut_offs:
        nothing = lines.sparkSession.createDataFrame([], EVALUATIONS.ddl)
        return Outcome(nothing, notes=judged.notes)
    cut_offs, models = judged.windows.cut_offs, judged.models
    ours = {name: of_days(lists, cut_offs) for name, lists in inputs.ours.items()}
    others = {name: of_days(lists, cut_offs) for name, lists in inputs.others.items()}
    days = days_of(models, ours, cut_offs)
    guard.require_recorded_runs(ours, days)
    judge = _judge(inputs, lines, settings, judged)
    pairs = pairs_of_customers(lines, judged.windows)
    facts = of_judged_customers(pairs)
    rows = _rows({**ours, **others}, facts, judged, judge.factors.markets)
    sums = group_sums(rows, judge)
    read, counted = PurchasesRead.of(ours, days), dict(ours)
    if inputs.statistics is not None:
        counted[ITEM_STATISTICS.name] = of_days(inputs.statistics, cut_offs)
        days[ITEM_STATISTICS.name] = list(cut_offs)
    every_read = PurchasesRead.of(counted, days)
    could_leak = every_read.that_could_leak()
    more = {
        "late": guard.late_times(ours),
        "too_many": recounts.too_many(counted, every_read, could_leak, judge.factors.markets),
    }
    faults = guard.explained(_faults(sums, judge), read, models, cut_offs)
    return Outcome(
        evaluations_of(sums, _report(judged, settings, judge)),
        guard.account_of(sums, faults, more),
        partial(judge_account, judged=judged, read=read),
        notes=[*judged.notes, *recounts.not_counted(could_leak)],
        reused=(facts, sums),
    )


def judge_account(account: Row, judged: Judged, read: PurchasesRead) -> list[str]:
    """What was judged, in sentences. Raises JobError where lists have what they could not know."""
    cut_offs, models = judged.windows.cut_offs, judged.models
    guard.require_no_larger_counts(account)
    said = guard.require_no_leak(guard.faults_of_account(account, cut_offs), read)
    said += read.sentences()
    counted = sorted((one["cut_off"], one["rows"]) for one in account["judged"])
    return [
        *(
            f"cut-off {cut_offs[n]}: {customers:,} customers, "
            f"{sum(n in models.cut_offs[name] for name in models.names):,} models"
            for n, customers in counted
        ),
        *said,
    ]


def of_days(lists: DatedRows, days: Sequence[date]) -> DatedRows:
    """The rows of these days alone."""
    return replace(lists, rows=lists.rows.where(F.col("as_of").isin([*days])))


def _judge(inputs: Inputs, lines: DataFrame, settings: Evaluations, judged: Judged) -> Judge:
    """What every task must know."""
    cut_offs = judged.windows.cut_offs
    factors = item_factors(lines, inputs.items, judged.windows)
    customers = np.zeros((len(factors.markets), len(cut_offs)), np.int64)
    for market, counts in zip(judged.markets, judged.customers, strict=True):
        customers[factors.markets.index(market)] = counts
    of_customers = {n: t.rows for n, t in inputs.tables.items() if n != RELATED_ITEMS.name}
    common = list_rows.common_lists(
        [rows.where(F.col("as_of").isin([*cut_offs])) for rows in of_customers.values()],
        judged.models,
        cut_offs,
        factors.markets,
    )
    starts = tuple(micros(day) for day in cut_offs)
    return Judge(
        len(judged.models.names), tuple(settings.ks), settings.replicates, settings.seed,
        factors, customers, common, starts,
    )  # fmt: skip


def _faults(sums: DataFrame, judge: Judge) -> DataFrame:
    """guard.FAULTS of customers' lists, and of everybody's, of which the sums know nothing."""
    names = [column.split()[0] for column in guard.FAULTS.split(", ")]
    of_customers = sums.where(F.col("part").isin([*KINDS])).select(*names)
    of_everybody = [
        (cut_off, UNKNOWN_ITEM, int(lists.models[place]), 1, 0, int(lists.items[place]))
        for (cut_off, _), lists in judge.common.items()
        for place in np.flatnonzero(is_from_later(lists.items, cut_off, judge))
    ]
    common = sums.sparkSession.createDataFrame(of_everybody, guard.FAULTS)
    return of_customers.unionByName(common)


def _rows(
    tables: Mapping[str, DatedRows], facts: DataFrame, judged: Judged, markets: Sequence[str]
) -> DataFrame:
    """list_rows.ROWS of facts and of all lists."""
    cut_offs, models = judged.windows.cut_offs, judged.models
    parts = [list_rows.fact_rows(facts, markets)]
    for name, lists in tables.items():
        if name == RELATED_ITEMS.name:
            related = list_rows.with_model(name, lists)
            parts.append(list_rows.related_rows(related, newest_items(facts), models, cut_offs))
        else:
            parts.append(list_rows.personal_rows(lists.rows, models, cut_offs))
    return reduce(DataFrame.unionByName, parts)


def _report(judged: Judged, settings: Evaluations, judge: Judge) -> Report:
    names, cut_offs = judged.models.names, judged.windows.cut_offs
    has_lists = {
        n: frozenset(m for m, name in enumerate(names) if n in judged.models.cut_offs[name])
        for n in range(len(cut_offs))
    }
    compared = tuple(names.index(name) for name in settings.compared_with if name in names)
    return Report(names, has_lists, cut_offs, compared, judge)
