"""How surely two items are bought in one order more, or less, often than by chance; which kind of
pair that makes them. On numbers, on arrays of NumPy, and on columns of Spark alike."""

from collections.abc import Callable
from typing import Any, NamedTuple

PRIOR = 1.0  # orders, observed and expected, that every pair is given: one more of each


class Ratio(NamedTuple):
    """Orders over expected orders, and bounds on it, each as sure as it was asked for."""

    mean: Any
    low: Any
    high: Any


def ratio(orders: Any, expected: Any, normal: float, largest: Callable[[Any, Any], Any]) -> Ratio:
    """How many times as often as by chance two items are in one order, shrunk to 1.

        mean = (N + 1) / (E + 1),  bounds: the quantiles of Gamma(N + 1, rate E + 1)

    N is Poisson with mean ratio * E; the prior of the ratio is Gamma(1, 1). Few orders give wide
    bounds. The quantiles are those of Wilson & Hilferty 1931, k (1 - 1/(9k) +- z/(3 sqrt(k)))^3,
    within 3 % of the upper ones from k = 1 on, and lower than the lower ones.
    In: `normal`, the quantile z of a bound's confidence; `largest` of two numbers or columns.
    Source: gamma-Poisson shrinkage of a ratio of counts, DuMouchel 1999, with a given prior.
    """
    count, rate = orders + PRIOR, expected + PRIOR
    centre, spread = 1.0 - 1.0 / (9.0 * count), normal / (3.0 * count**0.5)
    low = largest(centre - spread, 0.0 * count)
    mean = count / rate
    return Ratio(mean, mean * low * low * low, mean * (centre + spread) ** 3)


class Likeness(NamedTuple):
    """What two items have in common; none of it is null or NaN.

    is_same_category, is_other_category (is_far_category: not even the widest level is the same),
    is_same_maker, is_other_maker: of items that both have one. price: how many times
    as much the dearer one costs, 1 where a price is missing. likeness: of the titles' words, 0
    where there are none.
    """

    is_same_category: Any
    is_other_category: Any
    is_far_category: Any
    is_same_maker: Any
    is_other_maker: Any
    price: Any
    likeness: Any


class Rules(NamedTuple):
    """The settings of the same names."""

    margin: float
    likeness: float
    max_price_ratio: float


def is_of_kind(bounds: Ratio, customer_lift: Any, like: Likeness, rules: Rules) -> dict[str, Any]:
    """Whether a pair is of each kind; at most one of them is true, and none where it is unsure.

    variant:    one product in another size or flavour: titles alike but for sizes, of one maker and
                one category; where a maker is missing, titles that are the same. Whether they are
                bought together does not matter: yoghurts are, cartons of milk are not.
    complement: surely in one order more than `margin` times as often as each customer's habits have
                it, and of different categories: goods of one category serve one purpose, and those
                that are bought together nonetheless stay unsure. (Marketing looks for complements
                across categories, for rivals within: Manchanda, Ansari & Gupta 1999.)
    substitute: of one category, and surely not above `margin`: who has both has them in different
                orders, or by chance in one. Of unknown ones, or of others that have the widest
                level in common: surely in one order less often than 1 / margin, though customers
                of one buy the other more than `margin` times as often as by chance
                (customer_lift). Things that are bought on other trips, as fuel and soap, are so,
                too, and do not replace each other. Neither may cost more than max_price_ratio
                times the other.
    In: `customer_lift`, N / E by customer, 0 where it is not known.
    Source: McAuley et al. 2015 for what the words mean (bought in addition, bought instead); Tian,
    Lautz, Wallis & Lambiotte 2021 infer both from orders alone, by significance against chance, as
    here. Cross elasticity, whether one is taken when the other is dear, is not asked: it needs
    prices that change, and sales of every week.
    """
    is_alike = (like.likeness >= rules.likeness) & like.is_same_maker
    is_one_title = (like.likeness >= 1.0) & ~like.is_other_maker
    is_variant = (is_alike | is_one_title) & ~like.is_other_category
    is_complement = (bounds.low > rules.margin) & ~like.is_same_category
    is_apart = (bounds.high < 1.0 / rules.margin) & (customer_lift > rules.margin)
    is_apart &= ~like.is_far_category
    is_rival = like.is_same_category & (bounds.high <= rules.margin)
    is_substitute = (is_apart | is_rival) & (like.price <= rules.max_price_ratio)
    return {
        "variant": is_variant,
        "complement": is_complement & ~is_variant,
        "substitute": is_substitute & ~is_variant & ~is_complement,
    }
