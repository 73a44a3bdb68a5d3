"""Slow answers in plain Python: what a person would work out with paper and patience."""

import math
from collections import Counter, defaultdict

DAY = 86_400


def baskets(lines, unit):
    """{(market, unit id): {item: times}} of (market, customer, order, item, time) lines.

    A line without the unit's id is in none.
    """
    found = defaultdict(lambda: defaultdict(list))
    for market, customer, order, item, time in lines:
        of_unit = customer if unit == "customer" else order
        if of_unit is not None:
            found[market, of_unit][item].append(time)
    return found


def in_groups(lines, groups):
    """The lines, and those of each group's markets once more, in the group as if it were a market.

    Order ids belong to their market there, too; customers are the same in all markets.
    """
    of_groups = [
        (group, customer, order and (market, order), item, time)
        for group, markets in groups.items()
        for market, customer, order, item, time in lines
        if market in markets
    ]
    return [*lines, *of_groups]


def statistics(lines, unit, repeats=True):
    """{(market, item): (buyers, purchases, share, units, histogram of other purchases)}.

    Without `repeats`, an item is one purchase of a unit, however often it is bought.
    """
    held = baskets(lines, unit)
    buyers, purchases, others = Counter(), Counter(), defaultdict(Counter)
    for (market, _), items in held.items():
        counts = {item: len(times) if repeats else 1 for item, times in items.items()}
        for item, n in counts.items():
            buyers[market, item] += 1
            purchases[market, item] += n
            others[market, item][sum(counts.values()) - n] += 1
    units = Counter(market for market, _ in held)
    everything = Counter()
    for (market, _), n in purchases.items():
        everything[market] += n
    return {
        (market, item): (
            n,
            purchases[market, item],
            purchases[market, item] / everything[market],
            units[market],
            sorted(others[market, item].items()),
        )
        for (market, item), n in buyers.items()
    }


class Matched:
    """Matched rates of one market, by Newton's method on all classes at once."""

    def __init__(self, sizes, popularities):
        """`sizes`: items of each unit; `popularities`: units of each item."""
        units, items = sorted(Counter(sizes).items()), sorted(Counter(popularities).items())
        lines = sum(sizes)
        mixed = 1e-5
        wanted = [
            w * ((1 - mixed) * d + mixed * sum(v * -math.expm1(-d * n / lines) for n, v in items))
            for d, w in units
        ] + [
            v * ((1 - mixed) * n + mixed * sum(w * -math.expm1(-d * n / lines) for d, w in units))
            for n, v in items
        ]
        logs = [math.log(d) for d, _ in units] + [math.log(n / lines) for n, _ in items]
        for _ in range(500):
            step = self._step(units, items, wanted, logs)
            logs = [x + max(-1, min(1, dx)) for x, dx in zip(logs, step, strict=True)]
            if max(map(abs, step)) < 1e-13:
                break
        rates = [math.exp(x) for x in logs[len(units):]]  # fmt: skip
        scale = 16 * sum(v * b for (_, v), b in zip(items, rates, strict=True))
        self.rates = {n: b / scale for (n, _), b in zip(items, rates, strict=True)}
        self.items = dict(items)
        self.of_others = {}

    @staticmethod
    def _step(units, items, wanted, logs):
        count = len(units) + len(items)
        gaps, matrix = list(wanted), [[0.0] * (count + 1) for _ in range(count)]
        for i, (_, w) in enumerate(units):
            for k, (_, v) in enumerate(items):
                j = len(units) + k
                s = math.exp(logs[i] + logs[j])
                for at in (i, j):
                    gaps[at] += w * v * math.expm1(-s)
                    matrix[at][at] += w * v * s * math.exp(-s)
                    matrix[at][i + j - at] += w * v * s * math.exp(-s)
        for i in range(count):  # logs of activities up, of rates down: nothing changes
            for j in range(count):
                matrix[i][j] += 1 if (i < len(units)) == (j < len(units)) else -1
            matrix[i][count] = gaps[i]
        return solved(matrix)

    def shares(self, n):
        """1 - exp(-b) of an item in n units."""
        return -math.expm1(-self.rates[n])

    def activity(self, others, n):
        """Of `others` items beside one in n units: a step of Newton's from that of any items."""
        if others == 0:
            return 0.0
        if others not in self.of_others:
            self.of_others[others] = self._activity_of_any(others)
        activity, own = self.of_others[others], self.rates[n]
        slope = math.fsum(
            (v - (m == n)) * b * math.exp(-activity * b)
            for (m, v), b in zip(self.items.items(), self.rates.values(), strict=True)
        )
        return activity - math.expm1(-activity * own) / slope

    def _activity_of_any(self, others):
        """By bisection."""
        low, high = 0.0, 1.0
        while self._chances(high) < others:
            low, high = high, 2 * high
        for _ in range(100):
            middle = (low + high) / 2
            low, high = (middle, high) if self._chances(middle) < others else (low, middle)
        return low

    def _chances(self, activity):
        rates = self.rates.values()
        return math.fsum(
            -v * math.expm1(-activity * b) for v, b in zip(self.items.values(), rates, strict=True)
        )


def solved(matrix):
    """The solution of linear equations, each a row with its right side last: by elimination."""
    for i in range(len(matrix)):
        best = max(range(i, len(matrix)), key=lambda row: abs(matrix[row][i]))
        matrix[i], matrix[best] = matrix[best], matrix[i]
        for row in matrix[i + 1 :]:
            factor = row[i] / matrix[i][i]
            for j in range(i, len(row)):
                row[j] -= factor * matrix[i][j]
    values = []
    for i in range(len(matrix) - 1, -1, -1):
        known = zip(matrix[i][i + 1 : -1], values[::-1], strict=True)
        values.append((matrix[i][-1] - sum(a * x for a, x in known)) / matrix[i][i])
    return values[::-1]


def matched_of_markets(held):
    """{market: Matched} of `baskets`."""
    sizes, popularities = defaultdict(list), defaultdict(Counter)
    for (market, _), items in held.items():
        sizes[market].append(len(items))
        popularities[market].update(items.keys())
    return {market: Matched(n, popularities[market].values()) for market, n in sizes.items()}


def pairs(lines, unit, low=0, high=None, repeats=True, matched=False):
    """{(market, x, y): (N, E, n_x, n_y, n)} of every pair seen.

    high None: together. Else Y's first purchase is in (low, high] seconds after X's first; then
    only first purchases are opportunities, so that repeats never count. `matched`: E is by matched
    rates, of which opportunities are as many other items.
    """
    held = baskets(lines, unit)
    stats = statistics(lines, unit, repeats and high is None)
    both, others = Counter(), defaultdict(list)
    for (market, _), items in held.items():
        first = {item: min(times) for item, times in items.items()}
        lines_of = {i: len(times) if repeats and high is None else 1 for i, times in items.items()}
        for x, at in first.items():
            there = [
                y for y, t in first.items() if y != x and (high is None or low < t - at <= high)
            ]
            others[market, x].append(sum(lines_of[y] for y in there))
            for y in there:
                both[market, x, y] += 1
    found = {}
    of_markets = matched_of_markets(held) if matched else {}
    if matched:
        others = {
            (market, x): [of_markets[market].activity(m, stats[market, x][0]) for m in counts]
            for (market, x), counts in others.items()
        }
    for (market, x, y), n in both.items():
        share = of_markets[market].shares(stats[market, y][0]) if matched else stats[market, y][2]
        # the share of an item can be 1e-20 where another takes all
        expected = math.fsum(-math.expm1(m * math.log1p(-share)) for m in others[market, x])
        found[market, x, y] = (
            n, expected, stats[market, x][0], stats[market, y][0], stats[market, x][3]
        )  # fmt: skip
    return found


def xlogx(count, expected):
    return count * math.log(count / expected) if count * expected > 0 else 0.0


def scores(both, expected, buyers, related, units):
    """Every score of a pair, by name."""
    lift = both * units / (buyers * related)
    rows, columns = (buyers, units - buyers), (related, units - related)
    table = ((both, buyers - both), (related - both, units - buyers - related + both))
    g2 = 2 * math.fsum(
        xlogx(table[i][j], rows[i] * columns[j] / units) for i in (0, 1) for j in (0, 1)
    )
    return {
        "pearson_residual": (both - expected) / math.sqrt(expected),
        "excess": both - expected,
        "relative_excess": (both - expected) / expected,
        "lift": lift,
        "confidence": both / buyers,
        "cosine": both / math.sqrt(buyers * related),
        "jaccard": both / (buyers + related - both),
        "npmi": 0.0 if both == units else math.log(lift) / -math.log(both / units),
        "log_likelihood_ratio": g2 if both * units >= buyers * related else -g2,
        "poisson_deviance": math.copysign(
            2 * (xlogx(both, expected) - both + expected), both - expected
        ),
    }


def related(found, metric, support, k, allowed=lambda item: True):
    """{(market, x): [(y, score), ...]}: the best k, equal scores by item id."""
    lists = defaultdict(list)
    for (market, x, y), evidence in found.items():
        if evidence[0] >= support and allowed(y):
            lists[market, x].append((y, scores(*evidence)[metric]))
    return {key: sorted(rows, key=lambda row: (-row[1], row[0]))[:k] for key, rows in lists.items()}
