"""Slow answers in plain Python: what a person would work out with paper and patience."""

import math
from collections import Counter, defaultdict

DAY = 86_400


def baskets(lines, unit):
    """{(market, unit id): {item: first time}} of (market, customer, order, item, time) lines."""
    found = defaultdict(dict)
    for market, customer, order, item, time in lines:
        held = found[market, customer if unit == "customer" else order]
        held[item] = min(held.get(item, time), time)
    return found


def statistics(lines, unit):
    """{(market, item): (buyers, lines, share, units, histogram of other items)}."""
    held = baskets(lines, unit)
    buyers, others = Counter(), defaultdict(Counter)
    for (market, _), items in held.items():
        for item in items:
            buyers[market, item] += 1
            others[market, item][len(items) - 1] += 1
    units = Counter(market for market, _ in held)
    purchases = Counter()
    for (market, _), n in buyers.items():
        purchases[market] += n
    counted = Counter((line[0], line[3]) for line in lines)
    return {
        key: (n, counted[key], n / purchases[key[0]], units[key[0]], sorted(others[key].items()))
        for key, n in buyers.items()
    }


def counts_as(lag, low, high):
    """Whether Y's first purchase `lag` seconds after X's counts; high None means together."""
    return high is None or low < lag <= high


def pairs(lines, unit, low=0, high=None):
    """{(market, x, y): (N, E, n_x, n_y, n)} of every pair seen, in the sense of (low, high]."""
    held = baskets(lines, unit)
    stats = statistics(lines, unit)
    both, others = Counter(), defaultdict(list)
    for (market, _), items in held.items():
        for x, at in items.items():
            after = [y for y, then in items.items() if y != x and counts_as(then - at, low, high)]
            others[market, x].append(len(after))
            for y in after:
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
