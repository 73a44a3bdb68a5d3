"""The scores of a pair: one formula each, for Spark columns and for compiled kernels.

Every formula takes both (N: units with X and Y), expected (E: such units if X's buyers bought at
random), buyers (n_x), related_buyers (n_y) and units (n), all as doubles with N >= 1 and E > 0.
SHRUNKEN take the prior of all pairs as well: their mathematics are in gamma_poisson.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

from collections.abc import Callable
from typing import Any

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.pandas.functions import pandas_udf
from pyspark.sql.types import DoubleType

Formula = Callable[..., Any]


def formulas(
    sqrt: Callable[[Any], Any],
    log: Callable[[Any], Any],
    where: Callable[[Any, Any, Any], Any],
) -> dict[str, Formula]:
    """Every score by name, in the arithmetic of the given square root, logarithm and choice.

    A new score is one function in one of the groups below, and its name in the list there.
    """
    scores = (*_ratios_and_differences(sqrt), *_information(log, where), _deviance(log, where))
    return {score.__name__: score for score in scores}


def _ratios_and_differences(sqrt: Callable[[Any], Any]) -> tuple[Formula, ...]:
    def pearson_residual(both, expected, buyers, related_buyers, units):
        """(N - E) / sqrt(E): standard deviations above chance. Source: Smith & Linden 2017."""
        return (both - expected) / sqrt(expected)

    def excess(both, expected, buyers, related_buyers, units):
        """N - E: units above chance; favours bestsellers. Source: Smith & Linden 2017."""
        return both - expected

    def relative_excess(both, expected, buyers, related_buyers, units):
        """(N - E) / E: times above chance; favours rare items. Source: Smith & Linden 2017."""
        return (both - expected) / expected

    def lift(both, expected, buyers, related_buyers, units):
        """N n / (n_x n_y): 1 is independence of units. Source: Brin et al. 1997 (interest)."""
        return both * units / (buyers * related_buyers)

    def confidence(both, expected, buyers, related_buyers, units):
        """N / n_x: share of X's buyers with Y, in (0, 1]. Source: Agrawal et al. 1993."""
        return both / buyers

    def cosine(both, expected, buyers, related_buyers, units):
        """N / sqrt(n_x n_y), in (0, 1]. Source: Linden, Smith & York 2003."""
        return both / sqrt(buyers * related_buyers)

    def jaccard(both, expected, buyers, related_buyers, units):
        """N / (n_x + n_y - N): shared part of all units with X or Y, in (0, 1]. Jaccard 1901."""
        return both / (buyers + related_buyers - both)

    return pearson_residual, excess, relative_excess, lift, confidence, cosine, jaccard


def _information(
    log: Callable[[Any], Any], where: Callable[[Any, Any, Any], Any]
) -> tuple[Formula, ...]:
    def npmi(both, expected, buyers, related_buyers, units):
        """ln(lift) / -ln(N / n), in (-1, 1]; 0 where N = n. Source: Bouma 2009."""
        lifted = log(both * units / (buyers * related_buyers))
        return where(both < units, lifted / where(both < units, -log(both / units), 1.0), 0.0)

    def log_likelihood_ratio(both, expected, buyers, related_buyers, units):
        """G2 of the 2x2 table of X and Y, negative where N is below chance. Dunning 1993."""

        def term(count, with_row, with_column):
            # a directed N (relation after) is no table's: cells that cannot be are left out
            chance = with_row * with_column
            fits = count * chance > 0.0
            return where(fits, count * log(where(fits, count * units / chance, 1.0)), 0.0)

        g2 = 2.0 * (
            term(both, buyers, related_buyers)
            + term(buyers - both, buyers, units - related_buyers)
            + term(related_buyers - both, units - buyers, related_buyers)
            + term(units - buyers - related_buyers + both, units - buyers, units - related_buyers)
        )
        return where(both * units < buyers * related_buyers, -g2, g2)

    return npmi, log_likelihood_ratio


def _deviance(log: Callable[[Any], Any], where: Callable[[Any, Any, Any], Any]) -> Formula:
    def poisson_deviance(both, expected, buyers, related_buyers, units):
        """2 (N ln(N / E) - (N - E)), negative where N is below E: the pair's unit deviance.

        Its signed root is the deviance residual. Source: McCullagh & Nelder 1989.
        """
        deviance = 2.0 * (both * log(both / expected) - (both - expected))
        return where(both < expected, -deviance, deviance)

    return poisson_deviance


def _where(condition: Column, yes: Any, no: Any) -> Column:
    as_column = (v if isinstance(v, Column) else F.lit(v) for v in (yes, no))
    return F.when(condition, next(as_column)).otherwise(next(as_column))


METRICS: dict[str, Formula] = formulas(F.sqrt, F.log, _where)
"""The scores of a pair's counts alone."""
SHRUNKEN = ("ebgm", "eb05")
"""Those of the posterior: by gamma_poisson, given the prior as well."""
NAMES = (*METRICS, *SHRUNKEN)


def score(metric: str) -> Column:
    """The named score of each row of `co_purchases`, a double; SHRUNKEN are null without a prior.

    Cost: a formula in SQL; of SHRUNKEN a pandas UDF, microseconds a row.
    """
    if metric in SHRUNKEN:
        return _shrunken(metric)
    evidence = ("both", "expected", "buyers", "related_buyers", "units")
    value: Column = METRICS[metric](*(F.col(name).cast("double") for name in evidence))
    return value


def _shrunken(metric: str) -> Column:
    import pandas as pd  # whoever only names scores need not wait for it, nor for SciPy

    def scored(priors: pd.Series, both: pd.Series, expected: pd.Series) -> pd.Series:
        from alsobought.copurchase.gamma_poisson import scores_of_rows

        return scores_of_rows(metric, priors, both, expected)

    udf: Any = pandas_udf(scored, DoubleType())  # type: ignore[call-overload]
    column: Column = udf("prior", "both", "expected")
    return column
