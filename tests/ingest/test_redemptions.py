"""Redemptions: what each rule refuses, what the job keeps."""

from alsobought.ingest.settings import RedemptionSource
from tests.rows import rows

EVENTS = (
    "offer,time\no1,2017-11-30\no1,2017-11-30 00:00:00\no1,2017-11-30 00:00:01\n"
    "o2,2017-11-30\n,2017-11-30\no3,soon\no4,2017-12-01\n"
)


def test_the_same_event_twice_is_a_duplicate_and_another_time_is_not(judged):
    judged_rows = judged(RedemptionSource, {"a.csv": EVENTS})
    assert rows(judged_rows.select("offer_id", "reasons")) == [
        ("o1", ["duplicate"]),
        ("o1", []),
        ("o1", []),
        ("o2", []),
        ("o3", ["unreadable_time"]),
        ("o4", ["future_time"]),
        (None, ["missing_offer_id"]),
    ]


def test_too_many_broken_events_fail_the_job(offer_shop):
    offer_shop.conf["sources"]["redemptions"]["max_rejected_share"] = 0.4
    assert offer_shop.refusal("redemptions") == (
        "redemptions: 1 of 2 rows (50.0%) broke a rule, more than max_rejected_share = 0.4 allows "
        "(duplicate 1); run the job rejected_events to see them."
    )
