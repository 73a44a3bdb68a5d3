"""scikit-learn takes seconds to import, and only those who fit or score models do."""

import subprocess
import sys

import pytest

JOBS = (
    "training.offers.redemption_examples",
    "training.offers.redemption_weights",
    "training.offers.training_examples",
    "training.offers.redemption_scores",
    "training.audits.redemption_audits",
    "training.purchases.purchase_examples",
)


@pytest.mark.parametrize("modules", [JOBS, ("learn.calibration", "learn.penalties")])
def test_modules_are_read_without_scikit_learn(modules):
    imports = ", ".join(f"alsobought.{module}" for module in modules)
    asked = f"import sys, {imports}; print('sklearn' in sys.modules, 'numpy' in sys.modules)"
    answer = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, check=True
    )
    assert answer.stdout.split() == ["False", "True"]
