"""The report's later sections: how good lists are, weights, cost, and a sample of customers."""

from collections.abc import Callable, Iterator
from itertools import groupby

from alsobought.commands.customer_lists import TABLES, Shop
from alsobought.commands.night_tables import NightTables
from alsobought.commands.recommend import because
from alsobought.report import model_quality, night_costs, weighted_offers
from alsobought.report.numbered_items import key_of
from alsobought.report.page import Section
from alsobought.report.shown_text import short
from alsobought.runtime.warehouse import Row, quoted
from alsobought.tables.copurchase import CO_PURCHASES, ITEM_STATISTICS
from alsobought.tables.evaluate import EVALUATIONS
from alsobought.tables.recommend import RECOMMENDATIONS
from alsobought.tables.training import REDEMPTION_SCORES, REDEMPTION_WEIGHTS
from alsobought.training.offers import score_quality, weight_summary
from alsobought.training.offers.settings import Redemption

DAYS = 7  # as-of days of evaluations whose cut-offs are drawn


def quality(tables: NightTables) -> Section:
    """How good lists are, by the evaluations of the last days."""
    title = "How good"
    newest = tables.newest_day(EVALUATIONS.name)
    if newest is None:
        return Section("quality", title, None, tables.run_again(EVALUATIONS.name))
    days = [day for day in tables.warehouse.days(EVALUATIONS.name) if day <= newest][-DAYS:]
    rows = tables.warehouse.rows(
        f"SELECT {', '.join(model_quality.COLUMNS)} FROM {EVALUATIONS.name} WHERE metric = 'hit'"
        f" AND as_of IN ({', '.join(f'DATE {quoted(day)}' for day in days)})"
        " ORDER BY as_of, cut_off, model, compared_with, items, segment_by, segment, k",
        EVALUATIONS.name,
    )
    facts = model_quality.facts(rows)
    empty = None if facts else tables.run_again(EVALUATIONS.name)
    return Section("quality", title, facts, empty)


def weights(tables: NightTables) -> Section:
    """The weights of the newest day, and the reliability of the scores."""
    title = "Weights"
    empty = tables.run_again(REDEMPTION_WEIGHTS.name)
    facts = {
        "weights": _weights(tables),
        "no_weights": empty,
        "scores": _scores(tables),
        "no_scores": tables.run_again(REDEMPTION_SCORES.name),
    }
    if facts["weights"] is None and facts["scores"] is None:
        return Section("weights", title, None, empty)
    return Section("weights", title, facts)


def _weights(tables: NightTables) -> Row | None:
    settings: Redemption | None = getattr(tables.environment, Redemption.section)
    day = tables.newest_day(REDEMPTION_WEIGHTS.name)
    if day is None or settings is None:
        return None
    edges = weight_summary.age_edges(settings.attribution_days)
    copies = tables.warehouse.batches(
        f"SELECT {', '.join(weight_summary.COLUMNS)} FROM {REDEMPTION_WEIGHTS.name}"
        f" WHERE as_of = DATE {quoted(day)}",
        REDEMPTION_WEIGHTS.name,
    )
    sums = weight_summary.weight_sums(copies, edges)
    methods = weight_summary.method_summaries(sums)
    return weighted_offers.facts(day, methods, weight_summary.mean_weights(sums), edges)


def _scores(tables: NightTables) -> Row | None:
    day = tables.newest_day(REDEMPTION_SCORES.name)
    if day is None:
        return None
    scores = tables.warehouse.arrow(
        f"SELECT {', '.join(score_quality.COLUMNS)} FROM {REDEMPTION_SCORES.name}"
        f" WHERE as_of = DATE {quoted(day)} AND redeemed IS NOT NULL AND split <> 'train'",
        REDEMPTION_SCORES.name,
    )
    return weighted_offers.reliability(day, score_quality.score_qualities(scores))


def cost(tables: NightTables) -> Section:
    """What counting pairs takes, and what the last nights took."""
    day = tables.newest_day(ITEM_STATISTICS.name)
    counted = tables.run_of(CO_PURCHASES.name)
    units = [] if day is None else list(_units(tables, day))
    facts = {
        "day": day,
        "units": units,
        "several_markets": len({unit["market"] for unit in units}) > 1,
        "no_units": tables.run_again(ITEM_STATISTICS.name),
        "notes": counted.get("account", {}).get("notes", []),
        "notes_day": counted.get("as_of", ""),
        "nights": night_costs.nights(tables.runs, tables.day),
        "no_nights": tables.run_again(CO_PURCHASES.name),
    }
    return Section("cost", "Cost", facts)


def _units(tables: NightTables, day: str) -> Iterator[Row]:
    """Each unit and market with its pairs by size; none where repeats count, as then the histograms
    of item_statistics are of purchases and not of items."""
    baskets = tables.run_of(ITEM_STATISTICS.name, day).get("parameters", {}).get("baskets", {})
    if baskets.get("count_repeats"):
        return
    # a unit of d items is among the buyers of each of them, with d - 1 others
    rows = tables.warehouse.rows(
        "SELECT unit, market, others + 1 AS size, sum(buyers) / (others + 1) AS units FROM"
        " (SELECT unit, market, bin['others'] AS others, bin['buyers'] AS buyers FROM"
        f" (SELECT unit, market, unnest(other_purchases) AS bin FROM {ITEM_STATISTICS.name}"
        f" WHERE as_of = DATE {quoted(day)})) GROUP BY unit, market, others"
        " ORDER BY unit DESC, market, others",
        ITEM_STATISTICS.name,
    )
    for (unit, market), of in groupby(rows, lambda row: (row["unit"], row["market"])):
        sizes = list(of)
        yield {
            "unit": unit,
            "market": market,
            "sizes": night_costs.pairs_by_size(sizes),
            "largest": night_costs.share_of_largest(sizes),
        }


def customers(tables: NightTables) -> Section | None:
    """The purchases and recommendations of the customers of [report]; None: it names none."""
    settings = tables.environment.report
    if settings is None or not settings.customers:
        return None
    newest = [tables.newest_day(table) for table in TABLES]
    day = max((day for day in newest if day is not None), default=None)
    if day is None:
        again = tables.run_again(RECOMMENDATIONS.name)
        return Section("customers", "Customers", None, again)
    shop = Shop(tables.warehouse, day, TABLES)
    facts = {"day": day, "customers": [_customer(shop, name) for name in settings.customers]}
    return Section("customers", "Customers", facts)


def _customer(shop: Shop, name: str) -> Row:
    has_purchases = shop.warehouse.has("purchases")
    purchases = shop.newest_purchases(name, None) if has_purchases else []
    rows = shop.lists(name, None)
    title = shop.titles(purchases, rows)

    def linked(row: Row) -> Row:
        return row | _link(row["item_id"], title) | {"because": short(because(row, title))}

    return {
        "name": name,
        "purchases": [row | _link(row["item_id"], title) for row in purchases],
        "lists": [
            {"market": market, "model": model, "places": [linked(row) for row in of]}
            for (market, model), of in groupby(rows, key=lambda row: (row["market"], row["model"]))
        ],
    }


def _link(item_id: str, title: Callable[[str], str | None]) -> Row:
    return {"key": key_of(item_id), "title": short(title(item_id) or "")}
