"""Recommendations in plain Python: every list from all items, one customer after the other."""

import math
import struct
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from itertools import combinations

from alsobought.recommend.settings import Recommendations

TASTE_PRIOR = 20


@dataclass
class Market:
    """A market's lines (customer, item, time), lists {(source, X): {Y: (score, N, E)}}, shares by
    unit, catalogue {item: (is_available, brand, maker, category)}, bestsellers, best first, and
    what may be missing: repeat probabilities, informativeness, lists of cold starts."""

    lines: list = field(default_factory=list)
    lists: dict = field(default_factory=dict)
    shares: dict = field(default_factory=dict)
    catalogue: dict = field(default_factory=dict)
    bestsellers: list = field(default_factory=list)
    repeats: dict = field(default_factory=dict)
    informativeness: dict = field(default_factory=dict)
    cold_start: dict = field(default_factory=dict)
    again: dict = field(default_factory=dict)
    """What each customer will buy again, best first."""
    places: int = 0
    """How many of these lists begin with."""

    @cached_property
    def items(self):
        first = (item for of in self.again.values() for item in of[: self.places])
        of_units = (item for of in self.shares.values() for item in of)
        return sorted({*of_units, *self.bestsellers, *first})

    def share(self, item, settings):
        for source in settings.sources:
            if item in self.shares.get(source.unit, {}):
                return self.shares[source.unit][item]
        return 0.0

    def group(self, item, taste):
        """What the item has in common with others by the taste; None: it lacks a part of it."""
        fact = self.catalogue.get(item, (0, None, None, ()))
        parts = {"brand": fact[1], "maker": fact[2]}
        parts["category"] = self.path(item, taste) if taste.level else None
        group = tuple(parts[name] for name in taste.by)
        return None if None in group else group

    def path(self, item, limit):
        """The category path down to the level of a limit; None: there is no limit, or no path."""
        category = self.catalogue.get(item, [()])[-1]
        return tuple(category[: limit.level]) if limit and len(category) >= limit.level else None

    def log_trial_rate(self, item, since):
        """ln((f + 1) / (n - n_Y + 1)) of the window's customers."""
        customers = {line[0] for line in self.lines} - {None}
        firsts = {}
        for customer, bought, at in self.lines:
            if customer is not None and bought == item:
                firsts[customer] = min(at, firsts.get(customer, at))
        trials = sum(first >= since for first in firsts.values())
        return math.log((trials + 1) / (len(customers) - len(firsts) + 1))


@dataclass
class Customer:
    market: Market
    settings: Recommendations
    lines: list
    as_of: datetime
    model: str
    again: list

    @cached_property
    def newest(self):
        times = {}
        for item, at in self.lines:
            if item in self.market.items:
                times[item] = max(times.get(item, at), at)
        return sorted(times, key=lambda item: (-times[item].timestamp(), item)), times

    def triggers(self):
        items, times = self.newest
        weights = {}
        for item in items[: self.settings.triggers]:
            age = (self.as_of - times[item]).total_seconds() / 86_400
            weight = 0.5 ** (age / self.settings.half_life_days)
            weights[item] = weight * self.market.informativeness.get(item, 1.0)
        return weights

    def value(self, x, y):
        """What X adds to Y, before its weight; None: no list of X has Y."""
        scores, log_lifts, weights = [], [], []
        for n, source in enumerate(self.settings.sources):
            weights.append(source.weight)
            related = self.market.lists.get((n, x), {})
            related = self.market.cold_start.get((n, x), related)
            if y in related:
                score, both, expected = related[y]
                a = self.settings.shrinkage
                log_lifts.append(source.weight * math.log((both + a) / (expected + a)))
                scores.append(source.weight * score)
        if not scores:
            return None
        if self.model == "calibrated":
            value = sum(log_lifts) / sum(weights)
        else:
            value = sum(scores) if self.model == "sum" else max(scores)
        return struct.unpack("f", struct.pack("f", value))[0]  # as it is sent to the workers

    def may_show(self, item):
        keep = self.settings.lists.unknown_items == "keep"
        is_available = self.market.catalogue.get(item, (keep,))[0]
        least = self.settings.repeat_probability_min
        is_repeated = least is not None and self.market.repeats.get(item, -1) >= least
        return is_available and (is_repeated or item not in self.newest[0])

    def taste(self, item):
        """What is added to the log of the score."""
        tastes = self.settings.tastes
        return sum(taste.weight * self.log_preference(item, taste) for taste in tastes)

    def log_preference(self, item, taste):
        group = self.market.group(item, taste)
        alike = [i for i in self.market.items if self.market.group(i, taste) == group]
        share = sum(self.market.share(i, self.settings) for i in alike)
        if group is None or not share:
            return 0.0
        bought = sum(self.market.group(i, taste) == group for i in self.newest[0])
        prior = TASTE_PRIOR * share
        return math.log((bought + prior) / (len(self.newest[0]) * share + prior))

    def log_chance(self, item, share):
        chance = math.log(1 - (1 - share) ** self.purchases())
        if item in self.newest[0]:
            return chance
        score = (1 - sum(trial.weight for trial in self.settings.trials)) * chance
        for trial in self.settings.trials:
            since = self.as_of - timedelta(days=trial.days)
            score += trial.weight * self.market.log_trial_rate(item, since)
        return score

    def best(self, triggers):
        """Items with scores, best first, of those that may be shown."""
        scores = {}
        for y in filter(self.may_show, self.market.items):
            given = [(w, self.value(x, y)) for x, w in triggers.items()]
            given = [w * value for w, value in given if value is not None]
            if not given and self.is_listed(y):
                continue  # by triggers of another group, which may have it
            if self.model == "calibrated":
                share = self.market.share(y, self.settings)
                if share:
                    weight = sum(triggers.values())
                    mean = sum(given) / weight if weight else 0.0
                    lifted = self.log_chance(y, share) + self.settings.lift_weight * mean
                    scores[y] = lifted + self.taste(y)
            elif given:
                score = sum(given) if self.model == "sum" else max(given)
                if score > 0:
                    scores[y] = score * math.exp(self.taste(y))
        ranked = sorted(scores, key=lambda y: (-scores[y], y))
        return [(y, scores[y]) for y in ranked]

    def is_listed(self, y):
        return any(self.value(x, y) is not None for x in self.triggers())

    def purchases(self):
        products = [i for i, _ in self.lines if i in self.market.items]
        return max(1, len(products if self.settings.baskets.count_repeats else set(products)))

    def has_room(self, item, listed):
        cap = self.settings.max_per_category
        path = self.market.path(item, cap)
        if path is None:
            return True
        return sum(self.market.path(other, cap) == path for other in listed) < cap.places

    def cut(self, ranked):
        """The best items that fit together."""
        listed = {}
        for y, score in ranked:
            if len(listed) < self.settings.top_k and self.has_room(y, listed):
                listed[y] = score
        return listed

    def similarity(self, x, y):
        one, other = ({i, *self.related(i)} for i in (x, y))
        return len(one & other) / len(one | other)

    def related(self, x):
        return [y for y in self.market.items if self.value(x, y) is not None]

    def groups(self, triggers):
        """Lists of triggers: by average linkage, then the lightest with its closest."""
        groups = [[x] for x in triggers if self.related(x)]

        def mean(one, other):
            pairs = [self.similarity(x, y) for x in groups[one] for y in groups[other]]
            return round(sum(pairs) / len(pairs), 12)

        def weight(g):
            return sum(triggers[x] for x in groups[g])

        while len(groups) > 1:
            pairs = sorted(combinations(range(len(groups)), 2), key=lambda p: (-mean(*p), p))
            one, other = pairs[0]
            if mean(one, other) < self.settings.interests.similarity:
                if len(groups) <= self.settings.interests.most:
                    break
                light = min(range(len(groups)), key=lambda g: (weight(g), g))
                others = [g for g in range(len(groups)) if g != light]
                one, other = sorted((light, min(others, key=lambda g: (-mean(light, g), g))))
            groups[one] += groups.pop(other)
        order = {x: i for i, x in enumerate(triggers)}
        return sorted((sorted(g, key=order.get) for g in groups), key=lambda g: order[g[0]])

    def interleaved(self, groups, triggers):
        """{item: (score, group)} of the groups' lists in turn, by D'Hondt."""
        of_group = [{x: triggers[x] for x in g} for g in groups]
        queues = [list(self.cut(self.best(of))) for of in of_group]
        weights, places, listed = [sum(of.values()) for of in of_group], [0] * len(groups), {}
        while len(listed) < self.settings.top_k and any(queues):
            open_groups = [g for g, queue in enumerate(queues) if queue]
            g = min(open_groups, key=lambda g: (-weights[g] / (places[g] + 1), g))
            y = queues[g].pop(0)
            if y not in listed and self.has_room(y, listed):
                listed[y] = (weights[g] / (places[g] + 1), g)
                places[g] += 1
        return listed

    def rows(self):
        """(rank, item, score, source, reasons) of the list."""
        triggers = self.triggers()
        groups = self.groups(triggers) if self.settings.interests else []
        if len(groups) > 1:
            placed = self.interleaved(groups, triggers)
        else:
            groups = [list(triggers)]
            placed = {y: (score, 0) for y, score in self.cut(self.best(triggers)).items()}
        listed = {y: (score, [*groups[g]]) for y, (score, g) in placed.items()}
        listed = self.with_first(listed)
        lowest = min([0.0, *[score for score, _ in list(listed.values())[-1:]]])
        for y in self.market.bestsellers:
            is_new = y not in listed and self.may_show(y) and self.has_room(y, listed)
            if is_new and len(listed) < self.settings.top_k:
                lowest -= 1
                listed[y] = (lowest, [])
        return [
            (rank, y, score, *self.cause(y, group and {x: triggers[x] for x in group}))
            for rank, (y, (score, group)) in enumerate(listed.items(), 1)
        ]

    def with_first(self, listed):
        """The list with what is bought again before the others."""
        wanted = self.settings.buy_again
        first = self.again[: wanted.places] if wanted else []
        score = max([0.0, *[score for score, _ in list(listed.values())[:1]]]) + len(first)
        begun = {}
        for y in first:
            is_available = self.market.catalogue.get(
                y, (self.settings.lists.unknown_items == "keep",)
            )[0]
            if is_available and self.has_room(y, begun) and len(begun) < self.settings.top_k:
                begun[y] = (score, None)
                score -= 1
        for y, place in listed.items():
            if y not in begun and self.has_room(y, begun) and len(begun) < self.settings.top_k:
                begun[y] = place
        return begun

    def cause(self, y, triggers):
        if triggers is None:
            return "buy_again", [(y, 1.0)][: self.settings.reasons]
        given = {x: self.value(x, y) for x in triggers or []}
        given = {x: triggers[x] * v for x, v in given.items() if v is not None}
        if not given:
            return "bestseller", []
        source = "buy_again" if y in self.newest[0] else "related"
        positive = {x: value for x, value in given.items() if value > 0}
        ranked = sorted(positive, key=lambda x: -round(positive[x], 12))  # the newest first
        most, total = self.settings.reasons, sum(positive.values())
        if self.model == "maximum" and positive:
            most, total = min(1, most), max(positive.values())
        return source, [(x, positive[x] / total) for x in ranked[:most]]


def rows_of(markets, settings, as_of):
    """Every row: (market, customer, model, rank, item, score, source, reasons)."""
    rows = []
    for name, market in markets.items():
        market.places = settings.buy_again.places if settings.buy_again else 0
        for customer in sorted({line[0] for line in market.lines if line[0] is not None}):
            lines = [line[1:] for line in market.lines if line[0] == customer]
            for model in settings.models:
                again = market.again.get(customer, [])
                shopper = Customer(market, settings, lines, as_of, model, again)
                rows += [(name, customer, model, *row) for row in shopper.rows()]
    return rows
