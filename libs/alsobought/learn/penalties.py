"""The strength of the L2 penalty, chosen by held-out log-loss."""

from alsobought.learn.classifiers import Classifier, fit, held_out_loss
from alsobought.learn.labelled_rows import LabelledRows

PENALTIES: dict[str, tuple[float, ...]] = {
    "logistic": (1.0, 10.0, 100.0, 1000.0),
    "gradient_boosting": (1.0,),
}
"""L2 penalties to choose from. Trees take long to fit, and their leaves' size holds them back."""
UNCHOSEN = 1.0
"""The penalty where no held-out rows can choose one."""


def fit_with_best_penalty(
    model: str, training: LabelledRows, held_out: LabelledRows | None, seed: int
) -> tuple[float, Classifier]:
    """The penalty with the least log-loss on held-out rows, and the model fitted with it.

    With many features crossed with age, and few positives, a model without a strong penalty
    overfits. The weakest penalty wins a tie. None: nothing is held out, and the penalty is 1.
    Cost: a fit for each of the kind's PENALTIES.
    """
    if held_out is None:
        return UNCHOSEN, fit(model, training, seed, UNCHOSEN)
    models = {penalty: fit(model, training, seed, penalty) for penalty in PENALTIES[model]}
    best = min(models, key=lambda penalty: held_out_loss(models[penalty], held_out))
    return best, models[best]
