"""E as a Spark column against the closed form and the compiled one."""

import math

import numpy as np
import pytest
from pyspark.sql import functions as F

from alsobought.copurchase import formulas
from alsobought.copurchase.engine.kernels.best_candidates import expected_of
from alsobought.copurchase.engine.kernels.named_arrays import Histogram
from alsobought.copurchase.reference.expected import expected
from tests.rows import rows


def test_the_spark_formula_is_the_closed_form(frame):
    cases = [
        ([(3, 1), (5, 1), (8, 1)], 0.05),
        ([(0, 4)], 0.3),  # buyers of nothing else expect nothing
        ([(1, 2), (100_000, 7)], 1e-9),
        ([(2_000, 50)], 0.2),  # where the published series diverges
    ]
    columns = "h array<struct<others:bigint,buyers:bigint>>, share double"
    table = frame(columns, *cases).select(
        "h", "share", expected(F.col("h"), F.col("share")).alias("e")
    )
    for histogram, share, e in rows(table):
        others, counts = zip(*histogram, strict=True)
        exact = sum(-n * math.expm1(m * math.log1p(-share)) for m, n in histogram)
        assert e == pytest.approx(exact, rel=1e-14)
        assert formulas.expected(share, others, counts) == pytest.approx(exact, rel=1e-12)
        moments = np.empty(formulas.TERMS)
        formulas.fill_moments(others, counts, moments)
        compiled = expected_of(share, moments, Histogram(np.array(others), np.array(counts)))
        assert compiled == pytest.approx(exact, rel=1e-12)
