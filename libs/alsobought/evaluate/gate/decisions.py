"""Which lists a rollback brings back, and whether lists were rolled back: from the log alone."""

from collections.abc import Sequence
from datetime import date
from itertools import pairwise

from alsobought.errors import JobError, NotFoundError
from alsobought.tables.serving import Decision, State

MOST_NAMED = 5
NOTHING_SERVED = (
    "Nothing is served yet: run the job promotions, or alsobought promote, once there are lists."
)


def gone_back_to(decisions: Sequence[Decision], day: date | None) -> Decision:
    """The decision whose lists are to be served again: those before the served ones, or of `day`.

    In:  the decisions, the oldest first; None: the lists that were served before those of now were
         promoted. `day`: that of lists which were promoted once, the last time.
    Raises JobError where there is nothing to go back to, NotFoundError where the day never was.
    """
    current = decisions[-1].served if decisions else None
    if current is None:
        raise JobError(NOTHING_SERVED)
    if day is not None:
        return _promoted_on(decisions, day)
    promoted = max(i for i, decision in enumerate(decisions) if _has_promoted(decision, current))
    before = decisions[promoted - 1] if promoted else None
    if before is None or before.served is None:
        raise JobError(
            f"Nothing was served before {current.as_of} (decision {decisions[promoted].number}), "
            f"so there is nothing to go back to."
        )
    return before


def _promoted_on(decisions: Sequence[Decision], day: date) -> Decision:
    promoted = [d for d in decisions if d.decision == "promoted" and d.served is not None]
    of_day = [d for d in promoted if d.served is not None and d.served.as_of == day]
    if not of_day:
        days = sorted({str(d.served.as_of) for d in promoted if d.served is not None})
        more = f" and {len(days) - MOST_NAMED} before" if len(days) > MOST_NAMED else ""
        raise NotFoundError(
            f"{day} was never promoted; promoted were {', '.join(days[-MOST_NAMED:])}{more}."
        )
    if of_day[-1].served == decisions[-1].served:
        raise JobError(f"{day} is served already (decision {of_day[-1].number}).")
    return of_day[-1]


def may_be_served(decisions: Sequence[Decision], since: date) -> list[State]:
    """The lists that readers are shown or may be shown again: the served ones, those before them,
    and all that a decision on a day from `since` on has served."""
    if not decisions or decisions[-1].served is None:
        return []
    states = [decisions[-1].served]
    try:
        before = gone_back_to(decisions, None).served
    except JobError:
        before = None  # these are the first
    states += [] if before is None else [before]
    late = (one.served for one in decisions if one.decided_as_of >= since)
    states += [state for state in late if state is not None]
    return [state for i, state in enumerate(states) if state not in states[:i]]


def rolled_back_by(decisions: Sequence[Decision], lists: State) -> int | None:
    """The number of the last decision that took these lists out of service; None: none did."""
    numbers = [
        later.number
        for earlier, later in pairwise(decisions)
        if later.decision == "rolled_back" and earlier.served == lists
    ]
    return numbers[-1] if numbers else None


def _has_promoted(decision: Decision, lists: State) -> bool:
    return decision.decision == "promoted" and decision.served == lists
