"""A customer's triggers in groups of one interest each, compiled."""

import numpy as np
from numba import njit

from alsobought.compiled.array_types import Floats, Int32s
from alsobought.recommend.kernels.list_arrays import (
    NO_GROUP,
    ListRules,
    RelatedLists,
    Scratch,
    Triggers,
)
from alsobought.recommend.kernels.merged_scores import new_stamp


@njit(cache=True)
def _similarities(codes: Int32s, lists: RelatedLists, scratch: Scratch) -> Floats:
    """The Jaccard similarity of each two items' lists, to which the item itself belongs."""
    starts, related = lists.starts, lists.related
    similar = np.zeros((len(codes), len(codes)))
    for t in range(len(codes)):
        stamp, x = new_stamp(scratch), codes[t]
        scratch.stamps[x] = stamp
        for k in range(starts[x], starts[x + 1]):
            scratch.stamps[related[k]] = stamp
        size = starts[x + 1] - starts[x] + 1
        for s in range(t):
            y = codes[s]
            both = 1 if scratch.stamps[y] == stamp else 0
            for k in range(starts[y], starts[y + 1]):
                both += scratch.stamps[related[k]] == stamp
            either = size + starts[y + 1] - starts[y] + 1 - both
            similar[t, s] = similar[s, t] = both / either
    return similar


@njit(cache=True)
def _closest(group: int, sums: Floats, sizes: Floats) -> tuple[int, float]:
    """The group with the largest mean similarity to this one, and that; -1 where it is alone."""
    closest, largest = -1, -1.0
    for other in range(len(sizes)):
        if other != group and sizes[other] > 0.0:
            mean = sums[group, other] / (sizes[group] * sizes[other])
            if mean > largest:
                closest, largest = other, mean
    return closest, largest


@njit(cache=True)
def _next_pair(sums: Floats, sizes: Floats, weights: Floats, rules: ListRules) -> tuple[int, int]:
    """The two groups that become one next; -1, -1: none do.

    These are the most similar ones while they are similar enough; then, while there are too many,
    the one of the least weight and the one that it is most similar to.
    """
    best, first, second, lightest, groups = -1.0, -1, -1, -1, 0
    for g in range(len(sizes)):
        if sizes[g] > 0.0:
            groups += 1
            closest, mean = _closest(g, sums, sizes)
            if closest >= 0 and mean > best:
                best, first, second = mean, g, closest
            if lightest < 0 or weights[g] < weights[lightest]:
                lightest = g
    if first >= 0 and best >= rules.similarity:
        return first, second
    if groups > rules.interests:
        return lightest, _closest(lightest, sums, sizes)[0]
    return -1, -1


@njit(cache=True)
def interest_groups(
    triggers: Triggers, lists: RelatedLists, rules: ListRules, scratch: Scratch
) -> Int32s:
    """The group of each trigger, from 0 in the order of their newest; NO_GROUP: it lists nothing.

    Groups are merged by average linkage (Sokal & Michener 1958) of the items' lists.
    Cost: for T triggers with lists of L items T * T * L / 2 steps, and T ** 3 to merge them.
    """
    codes = triggers.codes
    group_of = np.full(len(codes), NO_GROUP, np.int32)
    sizes, weights = np.zeros(len(codes)), triggers.weights.copy()
    for t in range(len(codes)):
        if lists.starts[codes[t]] < lists.starts[codes[t] + 1]:
            group_of[t], sizes[t] = t, 1.0
    sums = _similarities(codes, lists, scratch)
    while True:
        one, other = _next_pair(sums, sizes, weights, rules)
        if one < 0:
            break
        keep, gone = min(one, other), max(one, other)
        sums[keep] += sums[gone]
        sums[:, keep] += sums[:, gone]
        sizes[keep] += sizes[gone]
        weights[keep] += weights[gone]
        sizes[gone] = 0.0
        for t in range(len(codes)):
            if group_of[t] == gone:
                group_of[t] = keep
    return _numbered(group_of)


@njit(cache=True)
def _numbered(group_of: Int32s) -> Int32s:
    """The groups numbered from 0 in the order in which they come."""
    numbers, count = np.full(len(group_of), NO_GROUP, np.int32), 0
    for t in range(len(group_of)):
        if group_of[t] >= 0:
            if numbers[group_of[t]] < 0:
                numbers[group_of[t]] = count
                count += 1
            group_of[t] = numbers[group_of[t]]
    return group_of
