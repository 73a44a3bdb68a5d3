"""Scores of every customer and item from what the customer bought: the project's formulas."""

import numpy as np

from benchmarks.merging.cut_off import CutOff

SHRINKAGE = 20.0
TRIGGERS = 100
TRIAL_DAYS = (14, 56)
PRIOR_ITEMS = 20.0


class CoPurchases:
    """N and E of all ordered pairs of items, unit customer; repeats do not count."""

    def __init__(self, cut: CutOff) -> None:
        owned = cut.owned.astype(np.float32)
        others = np.maximum(cut.basket_sizes - 1, 0)
        by_chance = -np.expm1(others[:, None] * np.log1p(-cut.share))
        self.both = owned.T @ owned
        self.expected = owned.T @ by_chance.astype(np.float32)
        self.buyers = cut.buyers.astype(np.float32)

    def score(self, metric: str) -> np.ndarray:
        """A score of copurchase/scores.py of all pairs."""
        if metric == "cosine":
            return self.both / np.sqrt(np.outer(self.buyers, self.buyers))
        excess = self.both - self.expected
        return excess if metric == "excess" else excess / np.sqrt(self.expected)

    def listed(self, metric: str, length: int, least: int = 5) -> np.ndarray:
        """Items x items: Y is among X's best; pairs below `least` common customers are not."""
        score = self.score(metric)
        score[self.both < least] = -np.inf
        np.fill_diagonal(score, -np.inf)
        best = np.argpartition(-score, length, axis=1)[:, :length]
        listed = np.zeros(score.shape, bool)
        np.put_along_axis(listed, best, True, axis=1)
        return listed & np.isfinite(score)

    def log_lift(self) -> np.ndarray:
        """ln((N + a) / (E + a)); 0 for an item with itself."""
        log_lift = np.log((self.both + SHRINKAGE) / (self.expected + SHRINKAGE))
        np.fill_diagonal(log_lift, 0.0)
        return log_lift


def newest(cut: CutOff, count: int) -> np.ndarray:
    """Customers x items, 1.0 for each customer's items bought last."""
    order = cut.pairs.sort_values(["customer", "last", "item"], ascending=[True, False, True])
    place = order.groupby("customer").cumcount().sort_index().to_numpy()
    return cut.spread((place < count).astype(np.float32), 0.0)


def mean_by(triggers: np.ndarray, relations: np.ndarray) -> np.ndarray:
    """Means of the relations of each customer's triggers."""
    return triggers @ relations / np.maximum(triggers.sum(axis=1, keepdims=True), 1.0)


def log_own_chance(cut: CutOff) -> np.ndarray:
    """ln(1 - (1 - P_Y)^|c|), as in E."""
    baskets = np.maximum(cut.basket_sizes, 1)
    return np.log(-np.expm1(baskets[:, None] * np.log1p(-cut.share)))


def log_trial_rate(cut: CutOff, days: int) -> np.ndarray:
    """ln of the customers who first bought the item in so many days, of those without it."""
    first = cut.buyers_since(cut.day - days, "first")
    return np.log((first + 1) / (cut.customers - cut.buyers + 1))


def affinity(cut: CutOff, group: str) -> np.ndarray:
    """ln of the group's share of a customer's distinct items over its share of everyone's.

    A customer's share is shrunk by PRIOR_ITEMS items of the usual mix.
    """
    codes = cut.groups[group]
    belongs = np.eye(codes.max() + 1, dtype=np.float32)[codes]
    counts = cut.owned.astype(np.float32) @ belongs
    usual = (counts.sum(axis=0) + 1) / (counts.sum() + counts.shape[1])
    share = (counts + PRIOR_ITEMS * usual) / (counts.sum(axis=1, keepdims=True) + PRIOR_ITEMS)
    return np.log(share / usual)[:, codes]
