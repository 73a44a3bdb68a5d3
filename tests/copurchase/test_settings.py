"""What the settings of counting refuse, in the words that a user reads."""

import pytest
from pydantic import ValidationError

from alsobought.copurchase.settings import Baskets
from alsobought.runtime.config import phrases

BASKETS = {
    "units": ["customer"],
    "look_back_days": 365,
    "max_items": {"customer": 9},
    "count_repeats": True,
}


def faults(kind, **values):
    with pytest.raises(ValidationError) as error:
        kind(**values)
    return phrases(error.value, kind.section)


def test_more_days_than_the_engine_counts_in_are_refused():
    after = {"within_days": 24_856, "lag_days": [24_855]}
    too_many = "must be at most 24,855 days, which are 68 years"
    assert faults(Baskets, **BASKETS | {"look_back_days": 800_000, "after": after}) == [
        f"baskets.look_back_days {too_many}, got 800000",
        f"baskets.after.within_days {too_many}, got 24856",
    ]
