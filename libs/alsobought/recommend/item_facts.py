"""What is known of each item of each market, as arrays by the item's code."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from alsobought.compiled.array_types import Bools, Floats, Int32s, Int64s
from alsobought.recommend.catalogue_facts import CatalogueFacts
from alsobought.recommend.coded_items import NONE, ItemCodes, ItemRows
from alsobought.recommend.formulas import log_trial_rates
from alsobought.recommend.inputs import Inputs
from alsobought.recommend.kernels.list_arrays import ItemFacts, MarketFacts
from alsobought.recommend.settings import Recommendations, Trials

POPULAR = 1000  # of a market's items, those most bought that need no list to be in one


class TrialCounts(NamedTuple):
    """Customers of each market; each item's buyers; those of them who first bought it of late, for
    one number of days after the other."""

    customers: Int64s
    buyers: Int64s
    trials: Int64s


@dataclass(frozen=True)
class KnownItems:
    """The items and what is known of them."""

    codes: ItemCodes
    items: ItemFacts
    markets: MarketFacts


def known_items(
    rows: ItemRows,
    tables: Inputs,
    settings: Recommendations,
    catalogue: CatalogueFacts,
    counts: TrialCounts | None,
) -> KnownItems:
    """What is known of the items.

    Cost: all items of all markets are on the driver, their ids and about 90 bytes each.
    """
    codes = rows.codes
    shares = _shares(rows.statistics, codes, [source.unit for source in settings.sources])
    tastes, taste_shares = _tastes(catalogue.tastes, codes.market_of, shares)
    trials, bounds = _chances(shares, codes.market_of, settings.trials, counts)
    with np.errstate(divide="ignore"):
        log_misses = np.log1p(-shares)
    items = ItemFacts(
        catalogue.is_listable,
        _repeated(tables.repeats, codes, settings.repeat_probability_min),
        log_misses,
        trials,
        bounds,
        _weights(tables.informativeness, codes),
        catalogue.limited,
        tastes,
    )
    best = rows.bestsellers.sort_by([("market", "ascending"), ("rank", "ascending")])
    by_bound = np.lexsort((-bounds, codes.market_of))
    is_popular = (shares[by_bound] > 0) & catalogue.is_listable[by_bound]
    markets = MarketFacts(
        *_by_market(codes.of(best), codes),
        *_by_market(by_bound[is_popular].astype(np.int32), codes, POPULAR),
        taste_shares,
        np.array([taste.weight for taste in settings.tastes], np.float64),
    )
    return KnownItems(codes, items, markets)


def _shares(statistics: pa.Table, codes: ItemCodes, units: Sequence[str]) -> Floats:
    """Each item's share of its market's purchases by the first unit that has one; 0: none has."""
    shares = np.zeros(len(codes))
    for unit in dict.fromkeys(units):
        of_unit = statistics.filter(pc.equal(statistics["unit"], unit))
        items = codes.of(of_unit)
        is_new = shares[items] == 0.0
        shares[items[is_new]] = of_unit["share"].to_numpy()[is_new]
    return shares


def _repeated(repeats: DataFrame | None, codes: ItemCodes, least: float | None) -> Bools:
    """Which items are bought again often enough to be shown to those who have them."""
    is_repeated = np.zeros(len(codes), bool)
    if repeats is not None and least is not None:
        often = repeats.where(F.col("repeat_probability") >= least).select("market", "item_id")
        items = codes.of(often.toArrow())
        is_repeated[items[items != NONE]] = True
    return is_repeated


def _weights(informativeness: DataFrame | None, codes: ItemCodes) -> Floats:
    """What each item weighs as a trigger; 1 where nothing is known."""
    weights = np.ones(len(codes))
    if informativeness is not None:
        rows = informativeness.select("market", "item_id", "informativeness").toArrow()
        items = codes.of(rows)
        is_code = items != NONE
        weights[items[is_code]] = rows["informativeness"].to_numpy()[is_code]
    return weights


def _tastes(numbers: Sequence[Int32s], market_of: Int32s, shares: Floats) -> tuple[Int32s, Floats]:
    """Each item's group by each taste, numbered on within its market, NONE for none or one that
    nobody bought; and of each group its part of the market's purchases."""
    tastes = np.full((len(shares), len(numbers)), NONE, np.int32)
    all_shares = [np.empty(0)]
    for t, of_taste in enumerate(numbers):
        keys = np.where(of_taste == NONE, NONE, market_of.astype(np.int64) << 32 | of_taste)
        distinct, group_of = np.unique(keys, return_inverse=True)
        of_group = np.bincount(group_of, shares, len(distinct)).astype(np.float64)
        is_none = (keys == NONE) | (of_group[group_of] == 0.0)
        tastes[:, t] = np.where(is_none, NONE, group_of + sum(map(len, all_shares)))
        all_shares.append(of_group)
    return tastes, np.concatenate(all_shares)


def _chances(
    shares: Floats, market_of: Int32s, trials: Sequence[Trials], counts: TrialCounts | None
) -> tuple[Floats, Floats]:
    """What the trial rates add to the log of each item's chance for those who lack it, and that
    with the chance of one purchase; -inf where nobody bought it."""
    added = np.zeros(len(shares))
    if counts is not None:
        customers = counts.customers[market_of].astype(np.float64)
        by_days = counts.trials.reshape(len(trials), -1).astype(np.float64)
        for trial, of_days in zip(trials, by_days, strict=True):
            rates = log_trial_rates(of_days, counts.buyers.astype(np.float64), customers)
            added += trial.weight * rates
    weight = chance_weight(trials)
    with np.errstate(divide="ignore", invalid="ignore"):
        bounds = np.where(shares > 0, weight * np.log(shares) + added, -np.inf)
    return added, bounds


def chance_weight(trials: Sequence[Trials]) -> float:
    """What is left of 1 for the log of the customer's chance."""
    return 1.0 - sum(trial.weight for trial in trials)


def _by_market(items: Int32s, codes: ItemCodes, most: int | None = None) -> tuple[Int64s, Int32s]:
    """Where each market's items start, and the items: of those given, by market, the first."""
    markets = range(len(codes.market_names))
    of_market = [items[codes.market_of[items] == market][:most] for market in markets]
    starts = np.cumsum([0, *map(len, of_market)])
    return starts, np.concatenate([np.empty(0, np.int32), *of_market])
