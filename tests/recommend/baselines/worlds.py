"""Purchases of small worlds, as literal lines and as tables, and which of them count."""

import random
from datetime import date, datetime, timedelta
from typing import NamedTuple

from alsobought.recommend.baselines.product_lines import Purchased

AS_OF = date(2017, 12, 1)
MIDNIGHT = datetime(2017, 12, 1)  # noqa: DTZ001 - tests run in UTC
LINES = (
    "market string, customer_id string, order_id string, item_id string, line string, "
    "purchased_at timestamp, quantity double"
)
RETURNED = "market string, order_id string, item_id string, line string, returned_at timestamp"
ITEMS = (
    "item_id string, title string, brand string, category array<string>, is_available boolean, "
    "attributes map<string,string>"
)
GROUPS = {"EU": ["de", "fr"]}


class Line(NamedTuple):
    """One line; `market` is that of the order, `of` the market or group that it counts in."""

    market: str
    customer: str | None
    order: str | None
    item: str
    line: str
    at: datetime
    returned_at: datetime | None = None
    of: str = ""


def ago(days, hour=12):
    return MIDNIGHT - timedelta(days=days) + timedelta(hours=hour)


def line(customer, item, days, market="uk", order=None):
    """A line of so many days before the as-of day, at noon."""
    order = order or f"{customer}-{days}"
    return Line(market, customer, order, item, f"{customer}{item}{days}", ago(days))


def tables(frame, lines, available, unavailable=("gone",)):
    """The tables with these lines; items of brand "no product" have a name that starts with it."""
    rows = [(x.market, x.customer, x.order, x.item, x.line, x.at, 1.0) for x in lines]
    back = [(*x[:1], *x[2:5], x.returned_at) for x in lines if x.returned_at]
    brand = {True: "no product", False: "a brand"}
    items = [
        (item, item, brand[item.startswith("no product")], ["all"], item in available, {})
        for item in (*available, *unavailable)
    ]
    return Purchased(
        frame(LINES, *rows), frame(RETURNED, *back) if back else None, frame(ITEMS, *items)
    )


def world(seed, lines=400, days=80):
    """Lines of three markets up to five days too late: guests, returns, several a day."""
    dice = random.Random(seed)
    items = [f"item {n}" for n in range(8)] + ["no product 1", "postage", "unknown", "gone"]
    drawn = []
    for n in range(lines):
        customer = dice.choice([None, *(f"c{k}" for k in range(9))])
        order = f"o{dice.randrange(40)}" if customer is None or dice.random() < 0.8 else None
        at = ago(dice.randrange(-5, days), dice.randrange(24))
        back = at + timedelta(days=dice.randrange(20)) if dice.random() < 0.15 else None
        market = dice.choice(["uk", "de", "fr"])
        drawn.append(Line(market, customer, order, dice.choice(items), str(n), at, back))
    return drawn


def counting(lines, days=None, groups=None, is_product=lambda item: True):
    """The lines that count on the as-of day, of the last `days`, and again those of groups."""
    first = ago(days or 10_000, 0)
    counted = [
        x
        for x in lines
        if first <= x.at < MIDNIGHT
        and not (x.returned_at and x.returned_at < MIDNIGHT)
        and is_product(x.item)
    ]
    markets = {group: {*members} for group, members in (groups or {}).items()}
    return [x._replace(of=x.market) for x in counted] + [
        x._replace(of=group)
        for group, members in markets.items()
        for x in counted
        if x.market in members
    ]


def days_of(lines):
    """{(market, customer, item): its ascending days before the as-of day, as numbers < 0}."""
    days = {}
    for x in lines:
        if x.customer is not None:
            number = (x.at.date() - AS_OF).days
            days.setdefault((x.of, x.customer, x.item), set()).add(number)
    return {key: sorted(numbers) for key, numbers in days.items()}
