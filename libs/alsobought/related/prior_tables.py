"""The priors that candidates come with, as the compiled scores of the posterior take them."""

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame

from alsobought.compiled.array_types import Int32s, Int64s
from alsobought.copurchase.engine.kernels.named_arrays import NO_POSTERIORS, Posteriors
from alsobought.copurchase.engine.kernels.posterior_scores import posteriors_of
from alsobought.copurchase.gamma_poisson import USUAL
from alsobought.copurchase.scores import SHRUNKEN
from alsobought.copurchase.settings import Lists
from alsobought.errors import JobError

LEAST_ROOM = 4


def require_priors(pairs: DataFrame, lists: Lists) -> None:
    """Raise JobError where a score takes a prior and the candidates have none.

    Cost: a look at one row, where a score takes one.
    """
    taking = [metric for metric in lists.metrics if metric in SHRUNKEN]
    rows = pairs.select("prior").head(1) if taking else []
    if rows and rows[0]["prior"] is None:
        raise JobError(
            f"co_purchases has no prior, which {taking[0]} takes: it was made before [lists] "
            f"metrics named that. Run the job co_purchases again."
        )


class PriorTables:
    """The priors that a task has met; what is computed of one serves all later candidates."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[float, ...], int] = {}
        self._posteriors = NO_POSTERIORS

    def of_groups(self, priors: pa.ListArray, starts: Int64s) -> tuple[Int32s, Posteriors]:
        """The number of each candidate's prior, and the posteriors that it numbers.

        In:   the candidates' column; each group, from starts[g] to starts[g + 1], has one.
        Cost: memory as `posteriors_of`, for at most twice the priors met.
        """
        values = priors.take(pa.array(starts[:-1])).flatten().to_numpy().reshape(-1, len(USUAL))
        distinct, at = np.unique(values, axis=0, return_inverse=True)
        numbers = [self._number(tuple(prior)) for prior in distinct.tolist()]
        if len(self._numbers) > len(self._posteriors.priors):
            self._make_room()
        of_groups = np.array(numbers, np.int32)[at.ravel()]
        return np.repeat(of_groups, np.diff(starts)), self._posteriors

    def _number(self, prior: tuple[float, ...]) -> int:
        return self._numbers.setdefault(prior, len(self._numbers))

    def _make_room(self) -> None:
        """Posteriors for all priors met, and as many again; what was computed is given up."""
        room = max(LEAST_ROOM, 2 * len(self._numbers))
        priors = np.tile(np.array(USUAL), (room, 1))
        priors[: len(self._numbers)] = [*self._numbers]
        self._posteriors = posteriors_of(priors)
