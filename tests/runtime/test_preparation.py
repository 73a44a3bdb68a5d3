"""What jobs of one run prepare: once for all that would prepare the same, and released in time."""

from datetime import date

import pytest
from pydantic import BaseModel

from alsobought.runtime.preparation import Preparation, Prepare

DAY = date(2017, 12, 1)


class Shared(BaseModel):
    baskets: int = 0


class Params(Shared):
    lists: int = 0


class Value:
    """What was prepared: of which inputs and settings, and whether it has been released."""

    def __init__(self, **made_of):
        self.made_of = made_of
        self.is_released = False

    def release(self):
        self.is_released = True


class OtherValue(Value):
    """Of another function."""


PREPARE = Prepare(Value, Shared)
INPUTS = ({"purchases": "rows"}, {"purchases": 7})


@pytest.fixture
def preparation():
    return Preparation()


def test_it_is_made_of_the_inputs_the_settings_and_the_day(preparation):
    value = preparation.of(PREPARE, INPUTS, Params(baskets=1), DAY)
    assert value.made_of == {"purchases": "rows", "settings": Shared(baskets=1), "as_of": DAY}


def test_a_later_job_that_would_prepare_the_same_gets_the_same(preparation):
    value = preparation.of(PREPARE, INPUTS, Params(baskets=1), DAY)
    preparation.keep_for([None, PREPARE])
    again = ({"purchases": "the same rows"}, {"purchases": 7})
    assert preparation.of(PREPARE, again, Params(baskets=1, lists=2), DAY) is value
    assert not value.is_released


@pytest.mark.parametrize(
    ("prepare", "versions", "baskets", "day"),
    [
        (PREPARE, {"purchases": 8}, 1, DAY),
        (PREPARE, {"purchases": 7}, 2, DAY),
        (PREPARE, {"purchases": 7}, 1, date(2017, 12, 2)),
        (Prepare(OtherValue, Shared), {"purchases": 7}, 1, DAY),
    ],
)
def test_another_version_setting_day_or_function_is_prepared_anew(
    preparation, prepare, versions, baskets, day
):
    value = preparation.of(PREPARE, INPUTS, Params(baskets=1), DAY)
    assert preparation.of(prepare, (INPUTS[0], versions), Params(baskets=baskets), day) is not value
    assert value.is_released


def test_it_is_released_as_soon_as_no_later_job_wants_it(preparation):
    value = preparation.of(PREPARE, INPUTS, Params(baskets=1), DAY)
    preparation.keep_for([None, Prepare(OtherValue, Shared)])
    assert value.is_released
    preparation.keep_for([])
    assert preparation.of(PREPARE, INPUTS, Params(baskets=1), DAY) is not value
