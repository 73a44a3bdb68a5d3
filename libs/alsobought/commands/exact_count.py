"""How many units hold both items of a pair that co_purchases has not kept, counted anew."""

from datetime import date

from alsobought.commands.item_pairs import ItemPairs
from alsobought.commands.item_search import Item
from alsobought.commands.returned_lines import not_returned
from alsobought.days import days_before
from alsobought.errors import JobError
from alsobought.runtime.warehouse import Row, quoted

MOST_LINES = 20_000_000  # some seconds


def units_with_both(pairs: ItemPairs, related: Item, buyers: tuple[int, int]) -> int | None:
    """The units that hold both items among the purchases that the run of co_purchases has read.

    `buyers`: the units that hold each, as item_statistics has them. Where the purchases give other
    numbers, they were counted in another way, and the answer is None; as it is where the commit
    does not tell of its run, what it has read is no longer there or more than MOST_LINES, the pair
    is directed, or a unit with both was sampled.
    Cost: some scans of the purchases.
    """
    run = pairs.run_of("co_purchases")
    parameters, versions = run.get("parameters", {}), run.get("read_versions", {})
    is_counted = "baskets" in parameters and "purchases" in versions
    if not is_counted or pairs.view.counted != "together":
        return None
    try:
        row = _counted(pairs, related, parameters, versions)
    except JobError:
        return None
    if row is None or (row["buyers"], row["related_buyers"]) != buyers:
        return None
    if (row["most_items"] or 0) > parameters["baskets"]["max_items"][pairs.unit]:
        return None
    return int(row["units"])


def _counted(
    pairs: ItemPairs, related: Item, parameters: Row, versions: dict[str, int]
) -> Row | None:
    """units with both, most_items of these, buyers, related_buyers; None: too many lines."""
    warehouse = pairs.view.warehouse
    names = {name: warehouse.at_version(name, version) for name, version in versions.items()}
    lines, _ = warehouse.size(names["purchases"])
    if lines is None or lines > MOST_LINES:
        return None
    item, other = quoted(pairs.item.item_id), quoted(related.item_id)
    query = f"""
        WITH lines AS ({_lines(pairs, parameters, names)}),
        both AS (SELECT unit_id FROM lines WHERE item_id IN ({item}, {other}) GROUP BY unit_id
            HAVING count(DISTINCT item_id) = 2),
        sizes AS (SELECT count(DISTINCT item_id) AS items FROM lines
            WHERE unit_id IN (SELECT unit_id FROM both) GROUP BY unit_id)
        SELECT count(*) AS units, max(items) AS most_items,
            (SELECT count(DISTINCT unit_id) FROM lines WHERE item_id = {item}) AS buyers,
            (SELECT count(DISTINCT unit_id) FROM lines WHERE item_id = {other}) AS related_buyers
        FROM sizes"""
    return warehouse.rows(query)[0]


def _lines(pairs: ItemPairs, parameters: Row, names: dict[str, str]) -> str:
    """The lines that count, as SQL: of the window, with a unit, not returned before the day."""
    view = pairs.view
    first = days_before(date.fromisoformat(view.day), parameters["baskets"]["look_back_days"])
    groups = (parameters.get("markets") or {}).get("groups", {})
    markets = ", ".join(map(quoted, groups.get(view.market, [view.market])))
    unit_id = f"p.{pairs.unit}_id"
    if pairs.unit == "order":  # of a group of markets: an order id belongs to its market
        unit_id = f"concat(character_length(p.market), ' ', p.market, {unit_id})"
    query = (
        f"SELECT {unit_id} AS unit_id, p.item_id FROM {names['purchases']} AS p"
        f" WHERE p.market IN ({markets}) AND p.{pairs.unit}_id IS NOT NULL"
        f" AND p.quantity > 0 AND p.purchased_at >= TIMESTAMP '{first}T00:00:00Z'"
        f" AND p.purchased_at < TIMESTAMP '{view.day}T00:00:00Z'"
    )
    if "returned_purchases" not in names:
        return query
    return f"{query} AND {not_returned(names['returned_purchases'], view.day)}"
