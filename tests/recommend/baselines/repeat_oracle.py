"""Repeat purchases, and what is bought again, in plain Python."""

import math
from collections import Counter
from itertools import pairwise


def sums_of(days):
    """{(market, item): Counter of the sums of its customers}, of {(market, customer, item): days}.

    Days are numbers before the as-of day.
    """
    sums = {}
    for (market, _, item), of_pair in sorted(days.items()):
        n, t = len(of_pair) - 1, -of_pair[0]
        gaps = [b - a for a, b in pairwise(of_pair)]
        sums.setdefault((market, item), Counter()).update(
            {
                "buyers": 1,
                "repeat_buyers": int(n > 0),
                "gaps": n,
                "days": sum(gaps),
                "logs": sum(map(math.log, gaps)),
                "squares": sum(math.log(gap) ** 2 for gap in gaps),
                "t": t,
                "nn": n * n,
                "nt": n * t,
                "tt": t * t,
            }
        )
    return sums


def estimates(days, shrinkage):
    """{(market, item): buyers, repeat_buyers, p, gaps, mean gap, mu, sigma, alpha, beta}."""
    sums, found = sums_of(days), {}
    for (market, item), of_item in sums.items():
        usual = Counter()
        for (other, _), of_other in sums.items():
            if other == market:
                usual.update(of_other)
        s = {name: of_item[name] + shrinkage * usual[name] / usual["buyers"] for name in usual}
        gap = mu = sigma = alpha = beta = None
        if s["gaps"]:
            gap, mu = s["days"] / s["gaps"], s["logs"] / s["gaps"]
            sigma = math.sqrt(max(0.0, s["squares"] / s["gaps"] - mu * mu))
            m = s["gaps"] / s["t"]
            v = (s["nn"] - 2 * m * s["nt"] + m * m * s["tt"] - m * s["t"]) / s["tt"]
            v = max(v, m * m / 1000)
            alpha, beta = m * m / v, m / v
        found[market, item] = (
            of_item["buyers"],
            of_item["repeat_buyers"],
            s["repeat_buyers"] / s["buyers"],
            of_item["gaps"],
            *(gap, mu, sigma, alpha, beta),
        )
    return found


def scores(of_pair, estimate, half_life=None):
    """{model: score} of a customer's item, by its days and its item's estimates."""
    n, elapsed, span = len(of_pair) - 1, -of_pair[-1], of_pair[-1] - of_pair[0]
    _, _, p, _, gap, mu, sigma, alpha, beta = estimate
    found = {"repeat_probability": p, "most_bought": float(n + 1)}
    if gap is not None:
        sigma = max(sigma, 0.05)
        z = (math.log(elapsed) - mu) / sigma
        density = math.exp(-z * z / 2) / (elapsed * sigma * math.sqrt(2 * math.pi))
        near = elapsed < 2 * gap
        modified = span + (2 * abs(gap - elapsed) if near else elapsed)
        evidence = evidence_of(of_pair, half_life) if half_life else (n, span + elapsed)
        rate = (evidence[0] + alpha) / (evidence[1] + beta)
        modified_rate = (n + alpha) / (modified + beta)
        found["atd"] = p * min(1.0, density)
        found["pg"] = p * rate * math.exp(-rate)
        found["mpg"] = p * modified_rate * math.exp(-modified_rate)
    return found


def evidence_of(of_pair, half_life):
    """What later purchases and the days since the first weigh, the days summed by the hour."""
    later = sum(0.5 ** (-day / half_life) for day in of_pair[1:])
    hours = range(-24 * of_pair[0])
    return later, sum(0.5 ** ((hour + 0.5) / 24 / half_life) for hour in hours) / 24
