"""The training set from purchases, worked out slowly in plain Python."""

import json
import math
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta

M = (1 << 64) - 1
P1, P2, P3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
P4, P5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5


def rotated(x, by):
    return ((x << by) | (x >> (64 - by))) & M


def stirred(acc, word):
    return (rotated((acc + word * P2) & M, 31) * P1) & M


def xxh64(data, seed):
    """XXH64 of bytes, as its specification has it."""
    i, words = 0, lambda at: int.from_bytes(data[at : at + 8], "little")
    h = (seed + P5) & M
    if len(data) >= 32:
        lanes = [(seed + P1 + P2) & M, (seed + P2) & M, seed & M, (seed - P1) & M]
        while i + 32 <= len(data):
            lanes = [stirred(lane, words(i + 8 * j)) for j, lane in enumerate(lanes)]
            i += 32
        h = sum(rotated(lane, by) for lane, by in zip(lanes, (1, 7, 12, 18), strict=True)) & M
        for lane in lanes:
            h = ((h ^ stirred(0, lane)) * P1 + P4) & M
    h = (h + len(data)) & M
    while i + 8 <= len(data):
        h = (rotated(h ^ stirred(0, words(i)), 27) * P1 + P4) & M
        i += 8
    if i + 4 <= len(data):
        h ^= (int.from_bytes(data[i : i + 4], "little") * P1) & M
        h = (rotated(h, 23) * P2 + P3) & M
        i += 4
    for byte in data[i:]:
        h = (rotated(h ^ (byte * P5 & M), 11) * P1) & M
    h = ((h ^ (h >> 33)) * P2) & M
    h = ((h ^ (h >> 29)) * P3) & M
    return h ^ (h >> 32)


def hashed(*values):
    """Spark's xxhash64 of strings and bigints: each value hashed with the hash so far as seed."""
    h = 42
    for value in values:
        raw = value.encode() if isinstance(value, str) else (value & M).to_bytes(8, "little")
        h = xxh64(raw, h)
    return h - (1 << 64) if h >> 63 else h


def split_of(customer, seed, train=80, validation=10):
    bucket = hashed(customer, seed) % 100
    return "train" if bucket < train else "validation" if bucket < train + validation else "test"


def midnight(day):
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def days(at, until):
    return (midnight(until) - at).total_seconds() / 86_400


def history_and_positives(lines, settings, as_of):
    """Lines of the history, and {(market, customer, item): last purchase} of the positives."""
    cut = as_of - timedelta(days=settings.cut_off_days)
    first = cut - timedelta(days=settings.history_days)
    old = [line for line in lines if midnight(first) <= line[3] < midnight(cut)]
    customers, items = {(m, c) for m, c, _, _ in old}, {(m, i) for m, _, i, _ in old}
    positives = {}
    for m, c, i, at in lines:
        is_known = (m, c) in customers and (m, i) in items
        if is_known and midnight(cut) <= at < midnight(as_of):
            positives[m, c, i] = max(at, positives.get((m, c, i), at))
    return cut, old, positives


def places(old, settings):
    """{market: [(item, mass, ...)]} sorted by item, and {(market, item): purchases}."""
    bought = Counter((m, i) for m, _, i, _ in old)
    exponent = settings.popularity_exponent if settings.negatives == "popularity" else 0.0
    line = defaultdict(list)
    for (m, i), n in sorted(bought.items()):
        line[m].append((i, round(n**exponent * (1 << 20))))
    return line, bought


def item_at(line, taken, place):
    """The item at a place of the line from which the items of `taken` are cut out."""
    for item, mass in line:
        if item not in taken:
            if place < mass:
                return item
            place -= mass
    raise AssertionError("past the end of the line")


def drawn(line, positives, settings):
    """(market, customer, positive, copy, item) of every negative."""
    rows = []
    for m, c, i in positives:
        taken = {j for (n, d, j) in positives if (n, d) == (m, c)}
        free = sum(mass for item, mass in line[m] if item not in taken)
        for k in range(1, settings.negatives_per_positive + 1):
            if free:
                place = hashed(m, c, i, k, settings.seed) % free
                rows.append((m, c, i, k, item_at(line[m], taken, place)))
    return rows


def log_qs(line, positives, settings):
    if settings.negatives == "in_batch":
        times = Counter(i for _, _, i in positives)
        return {(m, i): math.log(times[i] / len(positives)) for m, _, i in positives}
    return {
        (m, i): math.log(mass / sum(w for _, w in items))
        for m, items in line.items()
        for i, mass in items
    }


def features(old, m, c, i, cut):
    of_customer = [line for line in old if line[:2] == (m, c)]
    of_item = [line for line in old if (line[0], line[2]) == (m, i)]
    return {
        "log1p_customer_purchases": math.log1p(len(of_customer)),
        "log1p_customer_items": math.log1p(len({line[2] for line in of_customer})),
        "log1p_item_purchases": math.log1p(len(of_item)),
        "log1p_item_buyers": math.log1p(len({line[1] for line in of_item})),
        "log1p_customer_item_purchases": math.log1p(sum(line[2] == i for line in of_customer)),
        "customer_days_since_last": days(max(line[3] for line in of_customer), cut),
    }


def examples(lines, settings, as_of):
    """The rows of PURCHASE_EXAMPLES of (market, customer, item, time) lines, sorted by key."""
    cut, old, positives = history_and_positives(lines, settings, as_of)
    line, bought = places(old, settings)
    log_q, most = log_qs(line, positives, settings), Counter()
    for (m, _), n in bought.items():
        most[m] = max(most[m], n)
    rows = [(m, c, i, 0, i) for m, c, i in positives]
    rows += drawn(line, positives, settings) if settings.negatives != "in_batch" else []
    made = []
    for m, c, positive, copy, i in rows:
        share = (bought[m, i] / most[m]) ** settings.propensity_exponent
        age = days(positives[m, c, positive], as_of)
        weight = 0.5 ** (age / settings.half_life_days) / max(share, settings.propensity_floor)
        made.append(
            {
                "method": settings.negatives,
                "example_id": json.dumps(
                    [m, c, positive], separators=(",", ":"), ensure_ascii=False
                ),
                "copy": copy,
                "customer_id": c,
                "item_id": i,
                "features": features(old, m, c, i, cut),
                "engaged": None,
                "label": int(copy == 0),
                "weight": weight if copy == 0 else 1.0,
                "log_q": log_q[m, i],
                "split": split_of(
                    c, settings.seed, settings.train_percent, settings.validation_percent
                ),
            }
        )
    return sorted(made, key=lambda row: (row["example_id"], row["copy"]))
