"""How many of X's buyers would have Y if they bought at random: the expected co-purchases."""

from pyspark.sql import Column
from pyspark.sql import functions as F


def expected(other_purchases: Column, share: Column) -> Column:
    """Units with X that would also hold Y if each other purchase were Y with probability `share`.

        E = sum over X's buyers c of 1 - (1 - P_Y)^|c|
          = sum over b of h_X(b) * -expm1(b * log1p(-P_Y))

    `other_purchases` is X's histogram h_X: array of (others: b, buyers: h_X(b)); `share` is P_Y,
    in [0, 1). The result is a double in [0, n_x]. The closed form is stable for heavy buyers,
    where the published power series diverges. With share = P_Y / (1 - P_X) it is exact under the
    null world; the paper's P_Y (our default) is a little low for very popular X.

    Source: Linden, Smith & York 2003, corrected in Smith & Linden, IEEE Internet Computing 2017.
    """
    log_miss = F.log1p(-share)
    return F.aggregate(
        other_purchases,
        F.lit(0.0),
        lambda total, bin: total - bin["buyers"] * F.expm1(bin["others"] * log_miss),
    )
