"""A small random shop of two markets, lists of several models, and what they foretold, in plain
Python."""

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from math import log2
from typing import Any

from alsobought.tables.purchases import ITEMS, PURCHASES, RETURNED_PURCHASES
from alsobought.tables.recommend import BESTSELLERS, LIST, RECOMMENDATIONS
from alsobought.tables.related import RELATED_ITEMS
from alsobought.tables.stored import DatedRows
from alsobought.tables.table import Table
from tests.evaluate import ranking_oracle

AS_OF = date(2017, 12, 1)
CUT_OFFS = (date(2017, 11, 3), date(2017, 11, 17))
TRUTH = timedelta(days=14)
KS = (2, 4)
THEIRS = Table("theirs", "Lists.", LIST, (), "per_as_of")
CATEGORIES = {
    "a": ["food", "tea", "green"], "b": ["food", "tea", "black"], "c": ["food", "tea"],
    "d": ["food", "jam"], "e": ["food"], "f": ["home"], "g": ["home", "cup"], "h": [],
    "i": ["food", "tea", "green"],
}  # fmt: skip
ALL_ITEMS = [*CATEGORIES, "j", "k"]  # these are in no catalogue
MARKETS = {"uk": 12, "de": 6}


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


@dataclass(frozen=True)
class Line:
    market: str
    customer: str | None
    order: str
    item: str
    number: str
    at: datetime
    returned_at: datetime | None

    def counts(self, before: date) -> bool:
        return self.returned_at is None or self.returned_at >= midnight(before)


@dataclass
class World:
    lines: list[Line]
    lists: dict[tuple[date, str], dict[tuple[str, str | None], list[str]]]
    """By cut-off and model: by market and customer (None: everybody) the items, best first."""
    related: dict[tuple[date, str, str, str], list[str]]
    """By cut-off, unit, market and item."""
    runs: dict[str, Any] = field(default_factory=dict)

    def lists_of(self, day, model, who):
        """The list of a customer, who is named with the market."""
        if model.startswith("related_items"):
            unit = model.split()[1]
            items = [(-line.at.timestamp(), line.item) for line in self.before(day, who)]
            listed = self.related.get((day, unit, who[0], min(items)[1]), []) if items else []
        else:
            lists = self.lists.get((day, model), {})
            listed = lists.get(who) or lists.get((who[0], None), [])
        return list(dict.fromkeys(listed))

    def before(self, day, who):
        """The lines of a customer that count on the day."""
        return [
            line for line in self.lines
            if (line.market, line.customer) == who and line.at < midnight(day) and line.counts(day)
        ]  # fmt: skip

    def wanted(self, day, who):
        end = day + TRUTH
        return {
            line.item for line in self.lines
            if (line.market, line.customer) == who and line.counts(end)
            and midnight(day) <= line.at < midnight(end)
        }  # fmt: skip

    def customers(self):
        return sorted({(line.market, line.customer) for line in self.lines if line.customer})

    def is_old(self, day, who):
        least = midnight(day - timedelta(days=28))
        return any((x.market, x.customer) == who and x.at < least for x in self.lines)

    def models(self, day):
        named = [model for at, model in self.lists if at == day]
        return sorted({*named, *(f"related_items {unit} together lift"
                                 for at, unit, _, _ in self.related if at == day)})  # fmt: skip


def world(seed=5):
    """Purchases of ten weeks, and lists that are half of what comes and half of chance."""
    dice = random.Random(seed)
    first_day = midnight(date(2017, 9, 21))  # by when every item is known
    lines = [
        Line(market, "c0", f"first {item}", item, "first", first_day, None)
        for market in MARKETS
        for item in ALL_ITEMS
    ]
    for market, customers in MARKETS.items():
        for n in range(300):
            # the last two come late; an eighth are guests
            who = dice.randrange(customers if n > 200 else customers - 2)
            first = 60 if who >= customers - 2 else 0
            at = midnight(date(2017, 9, 22)) + timedelta(
                days=dice.randrange(first, 70), hours=n % 3
            )
            back = at + timedelta(days=dice.randrange(30)) if dice.random() < 0.15 else None
            name = None if dice.random() < 0.12 else f"c{who}"
            item = dice.choice(ALL_ITEMS[: 4 + who % 8])
            lines.append(Line(market, name, f"o{n // 2}{name}", item, str(n), at, back))
    made = World(lines, {}, {})
    for day in CUT_OFFS:
        _lists(made, day, dice)
    return made


def _lists(made: World, day: date, dice: random.Random) -> None:
    seen = sorted(who for who in made.customers() if made.before(day, who))
    models = {"sum": seen, "theirs": seen[::2]}
    if day == CUT_OFFS[1]:
        models["maximum"] = seen[1:]
    for model, whose in models.items():
        made.lists[day, model] = {who: dice.sample(ALL_ITEMS, 6) for who in whose}
    for who, listed in made.lists[day, "theirs"].items():
        # an item twice, and one that nobody has ever heard of
        made.lists[day, "theirs"][who] = [listed[0], listed[0], "nowhere", *listed]
    made.lists[day, "bestsellers"] = {(m, None): dice.sample(ALL_ITEMS, 5) for m in MARKETS}
    made.related |= {
        (day, unit, market, item): dice.sample([y for y in ALL_ITEMS if y != item], 5)
        for unit in ("order", "customer") for market in MARKETS for item in ALL_ITEMS[:9]
    }  # fmt: skip


def frames(spark, made: World):
    """The world as the tables that the step takes: purchases, returned, items, ours, others."""
    purchases = [
        (x.customer, x.order, x.item, x.number, x.at, 1.0, None, x.market, "f") for x in made.lines
    ]
    returned = [
        (x.market, x.order, x.item, x.number, x.at, 1.0, 1.0, x.returned_at)
        for x in made.lines if x.returned_at
    ]  # fmt: skip
    items = [(i, None, None, path, True, None, {}) for i, path in CATEGORIES.items()]
    listed = {
        "bestsellers": ("bestsellers",),
        "recommendations": ("sum", "maximum"),
        "theirs": ("theirs",),
    }  # fmt: skip
    tables = {"bestsellers": BESTSELLERS, "recommendations": RECOMMENDATIONS, "theirs": THEIRS}
    more = {"bestsellers": (1, 1), "recommendations": ("related", []), "theirs": ()}
    rows = {
        name: [
            (day, market, customer, model, rank, item, -float(rank), *more[name])
            for (day, model), lists in made.lists.items() if model in models
            for (market, customer), its in lists.items() for rank, item in enumerate(its, 1)
        ]
        for name, models in listed.items()
    }  # fmt: skip
    tables["related_items"] = RELATED_ITEMS
    rows["related_items"] = [
        (day, unit, market, "together", "lift", x, rank, y, 1.0, 1, 0.5, 1, 1, 100)
        for (day, unit, market, x), its in made.related.items() for rank, y in enumerate(its, 1)
    ]  # fmt: skip
    dated = {
        name: DatedRows(
            spark.createDataFrame(rows[name], table.stored),
            {day: {"job": name} for day in CUT_OFFS},
        )
        for name, table in tables.items()
    }
    others = {"theirs": DatedRows(dated.pop("theirs").rows, {})}
    return (
        spark.createDataFrame(purchases, PURCHASES.stored),
        spark.createDataFrame(returned, RETURNED_PURCHASES.ddl),
        spark.createDataFrame(items, ITEMS.stored),
        dated,
        others,
    )


def figures(made: World):
    """Every figure: (cut_off, model, items, segment_by, segment, metric, k) to (customers, value).

    Beside it the customers' own figures of the METRICS, by the same key without metric and k's.
    """
    every, single = {}, {}
    for day in CUT_OFFS:
        for items in ("all", "new"):
            judged = _judged(made, day, items)
            for segment, whose in _segments(made, day, judged).items():
                for model in made.models(day):
                    for k in KS:
                        key = (day, model, items, *segment)
                        of_one = {who: _metrics(made, key, who, judged, k) for who in whose}
                        single[*key, k] = of_one
                        every |= _means(key, of_one, k)
                        every |= _of_lists(made, key, whose, k)
    return every, single


def _judged(made, day, items):
    wanted = {who: made.wanted(day, who) for who in made.customers()}
    if items == "new":
        wanted = {who: its - {x.item for x in made.before(day, who)} for who, its in wanted.items()}
    return {who: its for who, its in wanted.items() if its}


def _listed(made, key, who):
    day, model, items = key[:3]
    owned = {x.item for x in made.before(day, who)} if items == "new" else ()
    return [item for item in made.lists_of(day, model, who) if item not in owned]


def _segments(made, day, judged):
    segments = {("everyone", "all"): list(judged)}
    for who in judged:
        size = len({x.item for x in made.before(day, who)})
        history = next(
            name for least, name in ((20, "20+"), (5, "5-19"), (2, "2-4"), (1, "1"), (0, "0"))
            if size >= least
        )  # fmt: skip
        tenure = "old" if made.is_old(day, who) else "new"
        for segment in (("history", history), ("tenure", tenure), ("market", who[0])):
            segments.setdefault(segment, []).append(who)
    return segments


def _metrics(made, key, who, judged, k):
    return ranking_oracle.metrics(_listed(made, key, who), judged[who], k)


def _means(key, of_one, k):
    names = ("hit", "precision", "recall", "map", "ndcg", "mrr")
    means = [sum(column) / len(of_one) for column in zip(*of_one.values(), strict=True)]
    return {(*key, name, k): (len(of_one), mean)
            for name, mean in zip(names, means, strict=True)}  # fmt: skip


def _of_lists(made, key, whose, k):
    day, _, items, by, segment = key
    lists = {who: _listed(made, key, who)[:k] for who in whose}
    market = segment if by == "market" else None
    bought = {
        x.item for x in made.lines
        if x.at < midnight(day) and x.counts(day) and market in (None, x.market)
    }  # fmt: skip
    listed = {item for its in lists.values() for item in its}
    every = {(*key, "coverage", k): (len(whose), len(listed & bought) / len(bought))}
    novelties = [_mean(_novelty(made, day, who[0], i) for i in its)
                 for who, its in lists.items() if its]  # fmt: skip
    repeats = [
        _mean(item in {x.item for x in made.before(day, who)} for item in its)
        for who, its in lists.items() if its
    ]  # fmt: skip
    pairs = [ranking_oracle.diversity(its, CATEGORIES, k, 3) for its in lists.values()
             if len(its) > 1]  # fmt: skip
    qualities = {"novelty": novelties, "diversity": pairs}
    if items == "all":
        qualities["repeat_share"] = repeats
    every |= {(*key, name, k): (len(its), _mean(its)) for name, its in qualities.items() if its}
    return every


def _novelty(made, day, market, item):
    customers = [who for who in made.customers() if who[0] == market and made.before(day, who)]
    buyers = [who for who in customers if item in {x.item for x in made.before(day, who)}]
    return log2(len(customers) / max(len(buyers), 1))


def _mean(values):
    values = list(values)
    return sum(values) / len(values)
