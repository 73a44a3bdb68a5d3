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


def pairs(lines, unit, low=0, high=None, repeats=True):
    """{(market, x, y): (N, E, n_x, n_y, n)} of every pair seen.

    high None: together. Else Y's first purchase is in (low, high] seconds after X's first; then
    only first purchases are opportunities, so that repeats never count.
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
    for (market, x, y), n in both.items():
        share = stats[market, y][2]
        expected = math.fsum(1 - (1 - share) ** m for m in others[market, x])
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
    }


def related(found, metric, support, k, allowed=lambda item: True):
    """{(market, x): [(y, score), ...]}: the best k, equal scores by item id."""
    lists = defaultdict(list)
    for (market, x, y), evidence in found.items():
        if evidence[0] >= support and allowed(y):
            lists[market, x].append((y, scores(*evidence)[metric]))
    return {key: sorted(rows, key=lambda row: (-row[1], row[0]))[:k] for key, rows in lists.items()}
        "poisson_deviance": math.copysign(
            2 * (xlogx(both, expected) - both + expected), both - expected
        ),
