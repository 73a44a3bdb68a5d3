"""Redemptions: what each rule refuses, what the job keeps."""

from alsobought.ingest.settings import RedemptionSource
from tests.ingest.event_lines import EVENTS, REASONS
from tests.rows import rows


def test_every_fault_of_an_event_is_listed_and_a_good_one_has_none(judged):
    judged_rows = judged(RedemptionSource, {"a.csv": EVENTS})
    assert rows(judged_rows.select("offer_id", "reasons")) == REASONS


def test_too_many_broken_events_fail_the_job(offer_shop):
    offer_shop.conf["sources"]["redemptions"]["max_rejected_share"] = 0.4
    assert offer_shop.refusal("redemptions") == (
        "redemptions: 1 of 2 rows (50.0%) broke a rule, more than max_rejected_share = 0.4 allows "
        "(duplicate 1); rejected_events has them."
    )
