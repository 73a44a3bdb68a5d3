"""The step of recommendations: each customer's lists, merged from those of past purchases."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
from pyspark import Broadcast
from pyspark.sql import DataFrame

from alsobought.copurchase.engine.stages.lines import lines_of
from alsobought.days import DAY_SECONDS, days_before
from alsobought.recommend.catalogue_facts import catalogue_facts
from alsobought.recommend.coded_items import ItemCodes, item_rows
from alsobought.recommend.customer_parts import (
    Customers,
    by_customer,
    customers_of,
    lines_by_part,
    parts_for,
    ranked_by_part,
)
from alsobought.recommend.first_places import FirstPlaces, first_places
from alsobought.recommend.inputs import Inputs
from alsobought.recommend.item_facts import KnownItems, chance_weight, known_items
from alsobought.recommend.kernels.histories import histories_of
from alsobought.recommend.kernels.list_arrays import (
    CALIBRATED,
    MAXIMUM,
    SUM,
    ListRules,
    RelatedLists,
    Shop,
    Shoppers,
)
from alsobought.recommend.kernels.merged_lists import write_lists
from alsobought.recommend.kernels.merged_scores import scratch_for
from alsobought.recommend.listed_rows import as_rows, market_numbers, room_for
from alsobought.recommend.settings import Recommendations
from alsobought.recommend.trial_counts import count_first_purchases
from alsobought.recommend.trigger_lists import TriggerLists, trigger_lists
from alsobought.tables.outcome import Outcome, WorkerRows
from alsobought.tables.recommend import RECOMMENDATIONS

CUSTOMERS_PER_BATCH = 1 << 14
MODELS = {"sum": SUM, "maximum": MAXIMUM, "calibrated": CALIBRATED}

Batches = Iterator[pa.RecordBatch]


@dataclass(frozen=True)
class Knowledge:
    """All that a worker needs to make the lists of some customers, by model."""

    items: KnownItems
    lists: dict[str, RelatedLists]
    rules: dict[str, ListRules]


def recommendations(tables: Inputs, settings: Recommendations, as_of: date) -> Outcome:
    """The rows of RECOMMENDATIONS: each customer's `top_k` items, by each way to merge.

    In:    customers are those with a purchase in the window that counts; guests are none, nor do
           groups of markets have any. Products are what item_statistics, bestsellers or the places
           of buy_again that lists begin with name; other lines count nowhere. Times count to the
           second.
    Out:   rank 1 is the highest score; equal scores are ranked by item_id. A list is shorter than
           `top_k` where the market's bestsellers do not fill it.
    Cost:  one scan of the window, and one shuffle of 16 bytes a line; the merged lists (see
           trigger_lists) and 60 bytes an item go to every worker; then for each customer and model
           twice the lengths of the triggers' lists. A task has LINES_PER_PART lines; more of a
           customer with more of them, in the memory that `customers_of` tells.
    Raises JobError for a source that related_items has no list of, for lists that take too much
    memory, and for a table that is needed and not there.
    """
    tables = tables.without_markets(settings.groups)
    context = tables.related.sparkSession.sparkContext
    first = first_places(tables.buy_again, settings.buy_again)
    rows = item_rows(tables, first)
    codes = context.broadcast(rows.codes)
    merged = trigger_lists(tables.related, tables.cold_start, codes, settings)
    catalogue = catalogue_facts(tables.catalogue, codes, settings)
    parts = _parts(tables, codes, first, settings, as_of)
    counts = None
    if settings.trials:
        days = np.array([settings.look_back_days - trial.days for trial in settings.trials])
        counts = count_first_purchases(parts, codes, days * DAY_SECONDS)
    items = known_items(rows, tables, settings, catalogue, counts)
    rules = {str(model): list_rules(model, settings) for model in settings.models}
    knowledge = context.broadcast(Knowledge(items, merged.of_models, rules))

    def make(batches: Batches) -> Batches:
        customers = customers_of(batches)
        if customers is not None:
            yield from lists_of(customers, knowledge.value)

    lists = WorkerRows(parts, make, RECOMMENDATIONS.ddl)
    lacking = [] if first is None else first.notes
    return Outcome(lists, notes=[*notes(merged, items, settings), *lacking])


def _parts(
    tables: Inputs,
    codes: Broadcast[ItemCodes],
    first: FirstPlaces | None,
    settings: Recommendations,
    as_of: date,
) -> DataFrame:
    """The window's lines, and the items that lists begin with, by customer."""
    first_day = days_before(as_of, settings.look_back_days)
    window = lines_of(tables.purchases, tables.returned, as_of, settings.look_back_days)
    parts = parts_for(window, tables.related.sparkSession.sparkContext.defaultParallelism)
    rows = [lines_by_part(window, codes, first_day, parts)]
    if first is not None:
        rows.append(ranked_by_part(first.rows, codes, parts))
    return by_customer(rows, parts)


def list_rules(model: str, settings: Recommendations) -> ListRules:
    """The settings as the compiled loops take them."""
    cap, interests = settings.max_per_category, settings.interests
    return ListRules(
        MODELS[model],
        settings.triggers,
        settings.top_k,
        settings.reasons,
        0 if cap is None else cap.places,
        0 if interests is None else interests.most,
        settings.baskets.count_repeats,
        settings.look_back_days * DAY_SECONDS,
        float(settings.half_life_days),
        0.0 if interests is None else float(interests.similarity),
        float(settings.lift_weight),
        chance_weight(settings.trials),
    )


def notes(lists: TriggerLists, items: KnownItems, settings: Recommendations) -> list[str]:
    """How many items have a list, in sentences."""
    return [
        f"{listing:,} of {len(items.codes):,} items have a list of {source.unit}, "
        f"{source.relation}, {source.metric}"
        for source, listing in zip(settings.sources, lists.listing, strict=True)
    ]


def lists_of(customers: Customers, knowledge: Knowledge) -> Batches:
    """The lists of some customers, in batches.

    Memory: 40 bytes a line of theirs, 60 an item, and the lists of CUSTOMERS_PER_BATCH customers.
    """
    items = knowledge.items
    histories = histories_of(customers.lines, len(items.codes))
    scratch = scratch_for(len(items.codes), len(items.markets.taste_shares))
    markets = market_numbers(customers.markets, items.codes.market_names)
    shoppers = Shoppers(markets, histories, customers.first_items)
    count = len(customers.ids)
    for first in range(0, count, CUSTOMERS_PER_BATCH):
        span = first, min(first + CUSTOMERS_PER_BATCH, count)
        for model, lists in knowledge.lists.items():
            rules = knowledge.rules[model]
            shop = Shop(lists, items.items, items.markets, rules)
            out = room_for((span[1] - span[0]) * rules.top_k, rules.reasons)
            rows = write_lists(span, shoppers, shop, scratch, out)
            yield as_rows(out, rows, model, customers, items.codes.ids)
