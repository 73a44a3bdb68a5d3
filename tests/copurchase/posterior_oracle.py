"""The posterior of N / E by Simpson's rule: its density, summed up over ln lambda."""

import math

STEPS = 40_000  # even
LOW, HIGH = -18.0, 16.0  # of ln lambda


def posterior_by_integration(prior, both, expected):
    """(EBGM, EB05) of a pair under (alpha1, beta1, alpha2, beta2, P), to about 1e-7."""
    width = (HIGH - LOW) / STEPS
    points = [LOW + i * width for i in range(STEPS + 1)]
    logs = [log_density(prior, both, expected, point) for point in points]
    most = max(logs)
    heights = [math.exp(value - most) for value in logs]
    panels = [  # two steps each
        (heights[i] + 4 * heights[i + 1] + heights[i + 2]) * width / 3 for i in range(0, STEPS, 2)
    ]
    total = math.fsum(panels)
    weighted = [
        (
            heights[i] * points[i]
            + 4 * heights[i + 1] * points[i + 1]
            + heights[i + 2] * points[i + 2]
        )
        * width
        / 3
        for i in range(0, STEPS, 2)
    ]
    mean = math.fsum(weighted) / total
    below, k = 0.0, 0
    while below + panels[k] < 0.05 * total:
        below += panels[k]
        k += 1
    # within a panel the density is the parabola of its three points: bisection of its integral
    a, b, c = heights[2 * k : 2 * k + 3]
    low, high = 0.0, 2.0
    for _ in range(60):
        at = (low + high) / 2
        curve = (a - 2 * b + c) / 2, (-3 * a + 4 * b - c) / 2, a
        area = (curve[0] * at**3 / 3 + curve[1] * at**2 / 2 + curve[2] * at) * width
        low, high = (at, high) if below + area < 0.05 * total else (low, at)
    return math.exp(mean), math.exp(points[2 * k] + low * width)


def log_density(prior, both, expected, log_lambda):
    """ln of prior times likelihood times lambda, but for a constant."""
    alpha1, beta1, alpha2, beta2, share = prior
    rate = math.exp(log_lambda)
    parts = [
        math.log(weight) + alpha * math.log(beta) - math.lgamma(alpha) + alpha * log_lambda
        - beta * rate
        for weight, alpha, beta in ((share, alpha1, beta1), (1 - share, alpha2, beta2))
    ]  # fmt: skip
    most = max(parts)
    mixture = most + math.log(math.fsum(math.exp(part - most) for part in parts))
    return mixture + both * (log_lambda + math.log(expected)) - expected * rate
