"""Whether a day's models foretell no worse than those that are served, by their evaluations."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import hypot
from typing import Any, NamedTuple

from alsobought.evaluate.gate.checks import Check
from alsobought.evaluate.run_parameters import parameter
from alsobought.tables.serving import HitRate, Serving, State

BASELINE = "bestsellers"
"""Judged beside every model: how far a model is above it hardly depends on how good a fortnight
was."""
ITEMS = {"new": "new items", "all": "all items"}
CHANGE_NO_ROW = ("task_memory_mb", "lists_memory_mb")  # parameters of jobs
ALL_THAT_MATTERS = {"returned_purchases": ("sources", "purchases", "returns")}
"""Of jobs whose rows do not depend on all their parameters, those that they do."""
DIGITS = 12  # of limits: a difference of two shares is no neat number


@dataclass(frozen=True)
class Judged:
    """What the day's evaluation says, of which models it must say something, and the limit."""

    rates: Sequence[HitRate] | None
    """None: the environment has no evaluations."""
    models: Sequence[str]
    k: int
    margin: float
    """By so much a model's hit rate may be lower than that of the served lists."""


class Mean(NamedTuple):
    """A mean over the customers of all cut-offs, with its 95 % interval."""

    value: float
    low: float
    high: float


def evaluation_checks(judged: Judged, serving: Serving, as_of: date) -> list[Check]:
    """Whether each model's hit rate is not worse than that of the served lists.

    In:  the served lists' rates are those by which they were promoted (`serving.hit_rates`),
         whatever was evaluated since.
    Out: one check per model and kind of items, or one that says why nothing is compared.

    Where both days have judged some of the same cut-offs, these alone are compared: the same
    customers, the same purchases. Else the days differ too, by more than models do; then what
    is compared is how far a model is above BASELINE in the days by which it was judged, and it
    may be lower by the margin and by what chance makes of both (the root of the sum of the squares
    of the half-widths of their 95 % intervals). Lists that were made with the parameters of the
    served ones are not refused for what they foretell once their truth begins on the served day or
    later: a model would be refused for the season, and the served lists, the same model's, grow
    old.
    """
    name = f"hit@{judged.k}"
    if judged.rates is None:
        return [Check(name, None, None, True, "There is no [jobs.evaluations] that judges lists.")]
    places = sorted({rate.k for rate in judged.rates})
    if places and judged.k not in places:
        return [Check(name, None, None, False, _no_such_k(judged.k, places))]
    if serving.state is None:
        return [Check(name, None, None, True, "Nothing is served that lists could be worse than.")]
    if not judged.rates and not serving.hit_rates:
        reason = f"Neither {as_of} nor the served day has lists of earlier days to be judged."
        return [Check(name, None, None, True, reason)]
    fault = _not_judged(judged, as_of) or _made_otherwise(judged.rates, serving.made_with, as_of)
    if fault:
        return [Check(name, None, None, False, fault)]
    if _is_season(judged.rates, serving, serving.state, as_of):
        reason = (
            f"The served lists were made with the same parameters and judged by purchases before "
            f"{serving.state.as_of}, those of {as_of} by later ones alone: a difference would be "
            f"one of these days."
        )
        return [Check(name, None, None, True, reason)]
    return [
        _compared(judged, serving.hit_rates, model, items)
        for model in judged.models
        for items in ITEMS
    ]


def _no_such_k(k: int, places: Sequence[int]) -> str:
    return (
        f"k = {k} in [jobs.promotions] is not among the ks of [jobs.evaluations]: choose "
        f"{_or([str(place) for place in places])}."
    )


def _not_judged(judged: Judged, as_of: date) -> str | None:
    """The sentence where a model has no figures; None: each has."""
    there = sorted({rate.model for rate in judged.rates or ()})
    missing = [model for model in judged.models if model not in there]
    if not missing:
        return None
    choices = (
        f"it judges {', '.join(there)}. Where 'models' in [jobs.promotions] is meant to name one "
        f"of these, correct it; else make"
        if there
        else "it judges nothing. Make"
    )
    return (
        f"The evaluation of {as_of} does not judge {', '.join(missing)}; {choices} lists of "
        f"earlier days with the same parameters (alsobought run recommendations --with-upstream "
        f"--as-of an earlier day), then alsobought run evaluations --as-of {as_of}."
    )


def _or(names: Sequence[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} or {last}" if first else last


def _made_otherwise(
    rates: Sequence[HitRate], made_with: Callable[[date], Mapping[str, Any]], as_of: date
) -> str | None:
    """The sentence where a judged day's lists were made with other parameters; None: none were."""
    now = _that_matter(made_with(as_of))
    for cut_off in sorted({rate.cut_off for rate in rates}):
        then = _that_matter(made_with(cut_off))
        other = [table for table in now if then.get(table) != now[table]]
        if other:
            return (
                f"The lists of {cut_off} that the evaluation has judged were made with other "
                f"parameters of {', '.join(other)} than those of {as_of}: alsobought run "
                f"{' '.join(other)} --as-of {cut_off} (and what reads them), then alsobought run "
                f"evaluations --as-of {as_of}."
            )
    return None


def _is_season(rates: Sequence[HitRate], serving: Serving, served: State, as_of: date) -> bool:
    """Whether no more than the days could make a difference: the same parameters, other days."""
    if max(rate.cut_off for rate in rates) < served.as_of:
        return False
    now = _that_matter(serving.made_with(as_of))
    return bool(now) and _that_matter(serving.served_made_with()) == now


def _that_matter(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters by table, without those that change no row."""
    return {
        table: parameter(of_table, ALL_THAT_MATTERS[table])
        if table in ALL_THAT_MATTERS
        else {name: value for name, value in of_table.items() if name not in CHANGE_NO_ROW}
        for table, of_table in parameters.items()
    }


def _compared(judged: Judged, served: Sequence[HitRate], model: str, items: str) -> Check:
    """The check of one model and one kind of items."""
    name = f"hit@{judged.k} of {model}, {ITEMS[items]}"
    key = (model, items, judged.k)
    today = [rate for rate in judged.rates or () if (rate.model, rate.items, rate.k) == key]
    before = [rate for rate in served if (rate.model, rate.items, rate.k) == key]
    rates, rates_before = _against(None, today), _against(None, before)
    if not rates:
        lost = f"The evaluation has no {name}."
        return Check(name, None, None, not rates_before, lost)
    if not rates_before:
        value = _mean(rates).value
        reason = f"{name} is {value:.4f}; there is none of when the served lists were promoted."
        return Check(name, value, None, True, reason)
    common = {rate.cut_off for rate in rates} & {rate.cut_off for rate in rates_before}
    if common:
        both = ([r for r in its if r.cut_off in common] for its in (rates, rates_before))
        now, standard = map(_mean, both)
        figures = f"is {now.value:.4f}, and {standard.value:.4f} of the served lists"
        return _limited(name, (now, standard), (judged.margin, 0.0), figures)
    above, above_before = _against(BASELINE, today), _against(BASELINE, before)
    if len(above) == len(rates) and len(above_before) == len(rates_before):
        now, standard = _mean(above), _mean(above_before)
        figures = f"is {now.value:+.4f} from {BASELINE}, and {standard.value:+.4f} of the served"
    else:
        now, standard = _mean(rates), _mean(rates_before)
        figures = f"is {now.value:.4f}, and {standard.value:.4f} of the served"
    chance = hypot(now.high - now.value, standard.value - standard.low)
    return _limited(
        name, (now, standard), (judged.margin, chance), f"{figures} lists in their days"
    )


def _limited(
    name: str, means: tuple[Mean, Mean], allowed: tuple[float, float], figures: str
) -> Check:
    """The check of a value that may be lower than another by a margin, and by chance."""
    now, standard = means
    margin, chance = allowed
    limit = round(standard.value - margin - chance, DIGITS)
    more = f" and {chance:.4f} more by chance (95 %)" if chance else ""
    reason = f"{name} {figures}; it may be {margin} lower (margin){more}."
    return Check(name, now.value, limit, now.value >= limit, reason)


def _against(model: str | None, rates: Sequence[HitRate]) -> list[HitRate]:
    return [rate for rate in rates if rate.compared_with == model]


def _mean(rates: Sequence[HitRate]) -> Mean:
    """The mean over the customers of all cut-offs; at least one rate is given.

    The intervals' means are not narrowed by there being several cut-offs: their customers are much
    the same.
    """
    customers = sum(rate.customers for rate in rates)

    def mean(values: Sequence[float]) -> float:
        weighted = (v * rate.customers for v, rate in zip(values, rates, strict=True))
        return sum(weighted) / customers

    return Mean(
        mean([rate.value for rate in rates]),
        mean([rate.value if rate.low is None else rate.low for rate in rates]),
        mean([rate.value if rate.high is None else rate.high for rate in rates]),
    )
