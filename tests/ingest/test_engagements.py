"""Engagements: what each rule refuses, what the job keeps."""

from datetime import datetime

from alsobought.ingest.settings import EngagementSource
from tests.ingest.event_lines import EVENTS, REASONS
from tests.rows import rows


def test_every_fault_of_an_event_is_listed_and_a_good_one_has_none(judged):
    judged_rows = judged(EngagementSource, {"a.csv": EVENTS})
    assert rows(judged_rows.select("offer_id", "reasons")) == REASONS


def test_the_job_keeps_good_engagements(offer_shop):
    assert offer_shop.run_job("engagements") == [
        "engagements: 1 rows added, 0 removed",
        "2 rows read = 1 good + 1 rejected (unreadable_time 1)",
    ]
    at = datetime(2017, 11, 5)  # noqa: DTZ001 - tests run in UTC
    assert rows(offer_shop.read("engagements").drop("source_file")) == [("o1", at)]


def test_a_shop_without_offers_is_told_what_is_missing(project):
    assert project.refusal("engagements") == (
        "conf/test.toml: there is no [sources.engagements], which the job engagements needs."
    )
