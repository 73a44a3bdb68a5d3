"""Every method against final labels, in a world whose truth is known: log-loss on new offers.

    python -m benchmarks.redemption.simulation [--offers 120000] [--seeds 5] [--model logistic]

Training rows are offers of uniform age below 14 days, with 28 days of attribution: no label of
theirs is final. The auxiliary models learn from as many matured offers of the same world; nobody
is told a true probability. Streaming methods are shown twice: what they emitted of the same offers
("snapshot"), and what they emitted in the same 14 days of any offer ("stream"), for which their
weights are derived. Almost no redemption is visible in an offer's first hours, and no weight can
stand for what was never seen: "weighable" leaves out offers so young that F_r is below the floor.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.table import Table

from alsobought.learn.arrays import Floats
from alsobought.learn.encoder import Encoder
from alsobought.learn.formulas import log_loss
from alsobought.learn.two_stage import Examples, fit_two_stage
from alsobought.training.offers.delay_models import DelayModels, fit_delay_models
from alsobought.training.offers.formulas import fnc_corrected
from alsobought.training.offers.settings import Terms
from alsobought.training.offers.weight_methods import METHODS, probabilities_for
from benchmarks.redemption import world
from benchmarks.redemption.world import Offers

DAYS = 14.0
OBSERVATION_DAYS, ATTRIBUTION_DAYS = 7.0, 28.0
SHOWN_TO: dict[str, tuple[str, ...]] = {
    "snapshot": tuple(METHODS),
    "weighable": ("fsiw", "snapshot_with_engagement"),
    "stream": ("fnw", "fnc", "es_dfm", "defer", "defuse"),
}
TWO_STAGES = ("none", "drop_newest", "snapshot_with_engagement")
NAIVE, ORACLE, TRUTH = ("none", "snapshot", "one"), ("oracle", "final", "one"), "truth"
DIGITS = 5

Form = tuple[str, str, str]
"""Method, what it was shown (final labels, or one of SHOWN_TO), and the number of stages."""


@dataclass(frozen=True)
class Score:
    """How a model does on new offers; rows are the copies that it was trained on."""

    log_loss: float
    predicted_by_actual: float
    rows: int


def simulated(count: int, seed: int, model: str = "logistic") -> dict[Form, Score]:
    """Every form's score in one world: so many offers to train on, as many matured, twice to test.

    Cost: about 20 s a seed with 120,000 offers and logistic models.
    """
    random = np.random.default_rng(seed)
    terms = Terms(OBSERVATION_DAYS, ATTRIBUTION_DAYS, floor=0.05, model=model, seed=seed)
    history = world.history(count, 2, ATTRIBUTION_DAYS, random)
    names = Encoder(tuple(f"x{i}" for i in range(world.FEATURES)))
    models = fit_delay_models(history, probabilities_for(METHODS), terms, names)
    new = world.offers(2 * count, ATTRIBUTION_DAYS, random)
    scores = {}
    for shown, age, training in _shown(count, random):
        for method, examples in _examples(shown, age, training, models):
            is_corrected = method in METHODS and METHODS[method].is_corrected
            correction = fnc_corrected if is_corrected else None
            fitted = fit_two_stage(examples, model, seed, correction=correction)
            predicted = fitted.predict(new.features)
            rows = len(examples.weight)
            scores[method, shown, "one"] = _score(predicted.p_redeemed_one_stage, new, rows)
            if method in (*TWO_STAGES, "oracle"):
                scores[method, shown, "two"] = _score(predicted.p_redeemed, new, rows)
    true = world.engagement(new.features) * world.redemption_if_engaged(new.features)
    scores[TRUTH, "-", "-"] = _score(true, new, 0)
    return scores


def _shown(count: int, random: np.random.Generator) -> Iterator[tuple[str, Floats, Offers]]:
    """The offers of the last 14 days, and at the same rate those that a stream still hears of."""
    longest = DAYS + ATTRIBUTION_DAYS
    many = round(count * longest / DAYS)
    age = random.uniform(0, longest, many)
    offers = world.offers(many, ATTRIBUTION_DAYS, random)
    young = age < DAYS
    recent = Offers(*(array[young] for array in vars(offers).values()))
    yield "final", age[young], recent
    yield "snapshot", age[young], recent
    yield "weighable", age[young], recent
    yield "stream", age, offers


def _examples(
    shown: str, age: Floats, offers: Offers, models: DelayModels
) -> Iterator[tuple[str, Examples]]:
    """Each method's training set."""
    if shown == "final":
        labels = ~np.isnan(offers.engaged_after), ~np.isnan(offers.redeemed_after)
        yield "oracle", Examples(offers.features, *labels, np.ones(len(age)))
        return
    visible = offers.visible(age)
    for name in SHOWN_TO[shown]:
        method = METHODS[name]
        p = {
            probability: models.predict(probability, offers.features, age)
            for probability in method.needs
        }
        copies = method.weighted_copies(visible, p, models.terms)
        # a snapshot has every copy of its offers; a stream those of the last days
        kept = age[copies.row] - copies.emitted_after < DAYS
        if shown == "weighable":
            kept &= copies.parts["redemption_visible"] >= models.terms.floor
        x = offers.features[copies.row[kept]]
        engaged, redeemed = copies.engaged[kept] > 0, copies.redeemed[kept] > 0
        yield name, Examples(x, engaged, redeemed, copies.weight[kept])


def _score(p: Floats, new: Offers, rows: int) -> Score:
    redeemed = ~np.isnan(new.redeemed_after)
    return Score(log_loss(redeemed, p), float(p.mean() / redeemed.mean()), rows)


def closed(scores: dict[Form, Score], form: Form) -> float:
    """The part of the gap from naive to oracle, both in one stage, that a form closes."""
    naive, oracle = scores[NAIVE].log_loss, scores[ORACLE].log_loss
    return (naive - scores[form].log_loss) / (naive - oracle)


def shown_table(seeds: list[dict[Form, Score]]) -> Table:
    """Means over the seeds, with the standard deviation over them, best log-loss last."""
    table = Table(title=f"Log-loss of redemption on new offers, {len(seeds)} seeds")
    for column in ("method", "shown", "stages"):
        table.add_column(column, no_wrap=True)
    for column in ("rows", "log-loss", "± seeds", "above truth", "gap closed", "± seeds",
                   "predicted / actual"):  # fmt: skip
        table.add_column(column, justify="right")
    losses = {form: np.array([scores[form].log_loss for scores in seeds]) for form in seeds[0]}
    truth = losses[TRUTH, "-", "-"]
    for form in sorted(losses, key=lambda form: -losses[form].mean()):
        gap = np.array([closed(scores, form) for scores in seeds])
        ratio = np.mean([scores[form].predicted_by_actual for scores in seeds])
        rows = np.mean([scores[form].rows for scores in seeds])
        table.add_row(
            *form,
            f"{rows:,.0f}",
            f"{losses[form].mean():.{DIGITS}f}",
            f"{losses[form].std():.{DIGITS}f}",
            f"{(losses[form] - truth).mean():.{DIGITS}f}",
            f"{gap.mean():.1%}",
            f"{gap.std():.1%}",
            f"{ratio:.3f}",
        )
    return table


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--offers", type=int, default=120_000)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--model", default="logistic")
    asked = parser.parse_args()
    seeds = [simulated(asked.offers, seed, asked.model) for seed in range(asked.seeds)]
    Console(width=130).print(shown_table(seeds))


if __name__ == "__main__":
    main()
