"""What a rollback brings back, and which lists were rolled back, from logs written out."""

from datetime import date

import pytest

from alsobought.errors import JobError, NotFoundError
from alsobought.evaluate.gate.decisions import gone_back_to, rolled_back_by
from alsobought.tables.serving import Decision, State


def lists(day, version=0):
    return State(date(2024, 1, day), {"related_items": version}, {"related_items": "x"})


A, B, C, B_AGAIN = lists(1), lists(2), lists(3), lists(2, 9)


def log(*decisions):
    """A log of (decision, what is served from then on)."""
    return [
        Decision(i, said, served.as_of if served else date(2024, 1, 1), served)
        for i, (said, served) in enumerate(decisions, 1)
    ]


TWO = (("promoted", A), ("promoted", B))


def back(*decisions, day=None):
    return gone_back_to(log(*decisions), day and date(2024, 1, day)).served


def refusal(*decisions, day=None):
    with pytest.raises(JobError) as error:
        back(*decisions, day=day)
    return type(error.value), str(error.value)


def test_a_rollback_brings_back_what_was_served_before():
    assert back(*TWO) == A
    assert back(*TWO, ("refused", B)) == A
    assert back(*TWO, ("refused", B), ("promoted", C), ("refused", C)) == B


def test_a_rollback_after_a_rollback_goes_on_from_what_is_served():
    assert back(*TWO, ("promoted", C), ("rolled_back", B)) == A
    assert back(*TWO, ("rolled_back", A), ("promoted", C)) == A
    assert back(*TWO, ("rolled_back", A), ("rolled_back", B)) == A  # --to has brought back B


def test_a_rollback_to_a_day_takes_the_lists_that_were_promoted_last_of_it():
    every = (*TWO, ("promoted", B_AGAIN), ("promoted", C))
    assert back(*every, day=1) == A
    assert back(*every, day=2) == B_AGAIN
    assert back(*TWO, ("rolled_back", A), day=2) == B


def test_where_there_is_nothing_to_go_back_to():
    nothing = "Nothing is served yet: run the job promotions, or alsobought promote, once there"
    assert refusal() == (JobError, f"{nothing} are lists.")
    assert refusal(("refused", None)) == (JobError, f"{nothing} are lists.")
    first = "Nothing was served before 2024-01-01 (decision 2), so there is nothing to go back to."
    assert refusal(("refused", None), ("promoted", A)) == (JobError, first)
    gone = "Nothing was served before 2024-01-01 (decision 1), so there is nothing to go back to."
    assert refusal(*TWO, ("rolled_back", A)) == (JobError, gone)


def test_a_day_that_was_never_promoted_or_is_served():
    assert refusal(*TWO, ("refused", B), day=3) == (
        NotFoundError,
        "2024-01-03 was never promoted; promoted were 2024-01-01, 2024-01-02.",
    )
    many = [("promoted", lists(day)) for day in range(1, 8)]
    assert refusal(*many, day=9)[1] == (
        "2024-01-09 was never promoted; promoted were 2024-01-03, 2024-01-04, 2024-01-05, "
        "2024-01-06, 2024-01-07 and 2 before."
    )
    assert refusal(*TWO, day=2) == (JobError, "2024-01-02 is served already (decision 2).")


def test_lists_that_were_rolled_back_are_known_by_day_and_version():
    decisions = log(*TWO, ("refused", B), ("rolled_back", A), ("refused", A))
    assert rolled_back_by(decisions, B) == 4
    assert rolled_back_by(decisions, A) is None
    assert rolled_back_by(decisions, B_AGAIN) is None
