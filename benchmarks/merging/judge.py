"""hit@6 of scores, and intervals by bootstrap over customers."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.merging.cut_off import CutOff

PLACES = 6
REPLICATES = 1000
SEED = 1


@dataclass
class Judge:
    """Hits of every model at every cut-off, of the same customers for all models."""

    only_new: bool
    """Items that a customer has bought before count neither in the list nor in the truth."""
    hits: dict[str, dict[int, np.ndarray]] = field(default_factory=dict)
    customers: dict[int, np.ndarray] = field(default_factory=dict)

    def add(self, model: str, cut: CutOff, scores: np.ndarray) -> None:
        """Judge the six best of each customer; equal scores are ranked by the item's id."""
        truth = cut.truth & ~cut.owned if self.only_new else cut.truth
        judged = np.flatnonzero(truth.any(axis=1))
        kept = np.where(cut.owned[judged], -np.inf, scores[judged]) if self.only_new else None
        listed = best(scores[judged] if kept is None else kept)
        hit = np.take_along_axis(truth[judged], listed, axis=1).any(axis=1)
        self.hits.setdefault(model, {})[cut.day] = hit.astype(float)
        self.customers[cut.day] = judged

    def write(self, file: Path, day: int) -> None:
        """Store a cut-off's hits."""
        hits = {model: by_day[day] for model, by_day in self.hits.items() if day in by_day}
        np.savez(file, customers=self.customers[day], **hits)

    def read(self, file: Path, day: int) -> None:
        """Add a cut-off's stored hits."""
        with np.load(file) as stored:
            for model in stored.files:
                if model != "customers":
                    self.hits.setdefault(model, {})[day] = stored[model]
            self.customers[day] = stored["customers"]

    def mean(self, model: str, days: list[int], base: str | None = None) -> tuple[float, ...]:
        """hit@6 over the days, or its difference from the base's, with its 95 % interval.

        A customer is drawn with all days on which it is judged.
        """
        size = max(int(judged.max()) for judged in self.customers.values()) + 1
        total, count = np.zeros(size), np.zeros(size)
        for day in days:
            other = self.hits[base][day] if base else 0.0
            np.add.at(total, self.customers[day], self.hits[model][day] - other)
            np.add.at(count, self.customers[day], 1.0)
        draws = np.random.default_rng(SEED).poisson(1.0, (REPLICATES, size))
        low, high = np.quantile(draws @ total / (draws @ count), [0.025, 0.975])
        return float(total.sum() / count.sum()), float(low), float(high)


def best(scores: np.ndarray) -> np.ndarray:
    """The items of the PLACES highest scores of each row, best first."""
    several = 4 * PLACES  # ties beyond these are not looked at
    near = np.sort(np.argpartition(-scores, several, axis=1)[:, :several], axis=1)
    order = np.argsort(-np.take_along_axis(scores, near, axis=1), axis=1, kind="stable")
    return np.take_along_axis(near, order[:, :PLACES], axis=1)
