"""Slow answers in plain Python to what makes a ranked list good."""

import math
from itertools import combinations


def metrics(listed, wanted, k):
    """METRICS of one list at k, each by its definition."""
    first = listed[:k]
    hits = [item in wanted for item in first]
    precisions = [sum(hits[: n + 1]) / (n + 1) for n in range(len(first)) if hits[n]]
    gain = sum(1 / math.log2(n + 2) for n, is_hit in enumerate(hits) if is_hit)
    ideal = sum(1 / math.log2(n + 2) for n in range(min(len(wanted), k)))
    return (
        float(any(hits)),
        sum(hits) / k,
        sum(hits) / len(wanted),
        sum(precisions) / min(len(wanted), k),
        gain / ideal,
        next((1 / (n + 1) for n, is_hit in enumerate(hits) if is_hit), 0.0),
    )


def diversity(listed, categories, k, levels):
    """The mean over pairs of the first k of the share of levels at which they differ."""
    pairs = list(combinations(listed[:k], 2))
    return sum(1 - alike(categories.get(a), categories.get(b), levels) for a, b in pairs) / len(
        pairs
    )


def alike(first, second, levels):
    """The share of the levels at which two items are of one category, each path filled up."""
    if not first or not second:
        return 0.0
    paths = [[*path, *[path[-1]] * levels][:levels] for path in (first, second)]
    cut = [[tuple(p[: min(n + 1, len(o))]) for n in range(levels)]
           for p, o in zip(paths, (first, second), strict=True)]  # fmt: skip
    return sum(a == b for a, b in zip(*cut, strict=True)) / levels
