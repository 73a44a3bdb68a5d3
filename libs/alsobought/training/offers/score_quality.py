"""How well the scores of matured offers agreed with their final labels."""

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from alsobought.learn.arrays import to_floats
from alsobought.learn.calibration import Quality, quality

SPLITS = ("validation", "test")
PROBABILITIES = {"two": "p_redeemed", "one": "p_redeemed_one_stage"}
"""How many stages a model has, and the column of its probability."""
COLUMNS = ("method", "split", "redeemed", *PROBABILITIES.values())
"""What `score_qualities` reads of redemption_scores."""


@dataclass(frozen=True)
class ScoreQuality:
    """The quality of one model's scores on one split."""

    method: str
    stages: str
    split: str
    quality: Quality


def score_qualities(scores: pa.Table) -> list[ScoreQuality]:
    """The quality of every model by method, split (validation, test) and stages (two, one).

    In: COLUMNS of redemption_scores. Rows without a final label or of the split train do not
    count; a method and split without rows is left out. Cost: a sort of each split's scores.
    """
    qualities = []
    for method, split, rows in _splits(scores):
        is_redeemed = to_floats(rows["redeemed"]) == 1
        for stages, column in PROBABILITIES.items():
            of_scores = quality(to_floats(rows[column]), is_redeemed)
            qualities.append(ScoreQuality(method, stages, split, of_scores))
    return qualities


def _splits(scores: pa.Table) -> Iterator[tuple[str, str, pa.Table]]:
    """Every method and split that has rows with a final label, with these rows."""
    final = scores.filter(pc.is_valid(scores["redeemed"]))
    for method in sorted(pc.unique(final["method"]).to_pylist()):
        for split in SPLITS:
            is_of_split = pc.equal(final["split"], split)
            rows = final.filter(pc.and_(pc.equal(final["method"], method), is_of_split))
            if rows.num_rows:
                yield method, split, rows
