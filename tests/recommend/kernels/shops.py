"""Settings and lists of small shops as the compiled loops take them."""

import numpy as np

from alsobought.recommend.kernels.list_arrays import SUM, ListRules, RelatedLists

DEFAULTS = {
    "model": SUM,
    "triggers": 10,
    "top_k": 5,
    "reasons": 3,
    "per_category": 0,
    "interests": 0,
    "counts_lines": True,
    "window_seconds": 100 * 86_400,
    "half_life_days": 10.0,
    "similarity": 0.0,
    "lift_weight": 1.0,
    "chance_weight": 1.0,
}


def rules(**changes):
    return ListRules(**DEFAULTS | changes)


def lists(related, items):
    """The lists {x: {y: value}} of items 0 to `items` - 1."""
    rows = [(x, y, value) for x in range(items) for y, value in related.get(x, {}).items()]
    starts = np.searchsorted([x for x, _, _ in rows], np.arange(items + 1)).astype(np.int64)
    return RelatedLists(
        starts,
        np.array([y for _, y, _ in rows], np.int32),
        np.array([value for _, _, value in rows], np.float64),
    )
