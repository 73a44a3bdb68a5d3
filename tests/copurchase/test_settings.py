"""What the settings of counting refuse, in the words that a user reads."""

import pytest
from pydantic import ValidationError

from alsobought.copurchase.settings import Baskets, Markets
from alsobought.products import Items
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


def test_a_matched_expectation_of_purchase_lines_is_refused():
    assert faults(Baskets, **BASKETS | {"expectation": "matched"}) == [
        'baskets expectation = "matched" is of distinct items, so it needs count_repeats = false; '
        "with repeats the share of all lines matches both sides already"
    ]
    distinct = BASKETS | {"count_repeats": False}
    assert Baskets(**distinct, expectation="matched").expectation == "matched"
    assert Baskets(**distinct).expectation == "share"


def test_patterns_and_groups_that_cannot_be_meant_are_refused():
    assert faults(Items, exclude={"patterns": ["gift_.*", "(x"], "id": ["a"]}) == [
        "items.exclude.patterns '(x' is no regular expression: missing ): (x",
        "items.exclude.id is not a known key",
    ]
    assert faults(Markets, groups={"DACH": ["DE"], "EU": ["DACH", "FR"]}) == [
        "markets.groups EU names the group DACH: name its markets"
    ]
    assert faults(Markets, groups={"EU": ["DE", "FR", "DE"]}) == [
        "markets.groups EU names the market DE twice"
    ]
    assert faults(Markets, groups={"EU": []}) == [
        "markets.groups.EU List should have at least 1 item after validation, not 0"
    ]
