"""Which settings may be wrong where rows are unreadable."""

import re

import pytest

from alsobought.errors import JobError
from alsobought.ingest.account import Limits
from alsobought.ingest.causes import likely_causes
from alsobought.ingest.settings import ItemSource, PurchaseSource

ENCODING = (
    "unreadable_brand, unreadable_title: bytes that are no text in UTF-8; where the files are "
    "windows-1252 or ISO-8859-1, say so: [sources.items] encoding."
)
ASCII = (
    "unreadable_title: bytes that are no text in US-ASCII; where the files are windows-1252 or "
    "ISO-8859-1, say so: [sources.items] encoding."
)
WINDOWS = (
    "unreadable_title: bytes that are no text in windows-1252; where the files are ISO-8859-1 or "
    "UTF-8, say so: [sources.items] encoding."
)
MARKS = (
    "unreadable_price, unreadable_quantity: where numbers are written 1.234,56 or 1,234.56, "
    "say so: [sources.items] decimal and thousands."
)


@pytest.mark.parametrize(
    ("settings", "rules", "expected"),
    [
        ({}, ["future_time", "missing_item_id", "unreadable_row", "unreadable_time"], []),
        ({}, ["unreadable_title", "unreadable_brand"], [ENCODING]),
        ({"encoding": "US-ASCII"}, ["unreadable_title"], [ASCII]),
        ({"encoding": "windows-1252"}, ["unreadable_title"], [WINDOWS]),
        ({}, ["unreadable_quantity", "unreadable_price"], [MARKS]),
        ({"decimal": ","}, ["unreadable_price"], []),
    ],
)
def test_each_setting_that_may_be_wrong_has_a_sentence(settings, rules, expected):
    source = ItemSource(path="a.csv", format="csv", columns={"item_id": "id"}, **settings)
    assert likely_causes(rules, source, "items") == expected


def test_marks_that_cannot_be_told_apart_are_a_fault():
    with pytest.raises(ValueError, match="decimal and thousands are both ',': one is wrong"):
        ItemSource(
            path="a.csv", format="csv", columns={"item_id": "id"}, decimal=",", thousands=","
        )


@pytest.mark.parametrize("settings", [{"decimal": ","}, {"thousands": ","}])
def test_json_has_no_marks_of_its_own(settings):
    """All its numbers are read as text: with decimal = "," 2.5 would be unreadable, or 25."""
    json = {"path": "a.json", "format": "json", "columns": {"item_id": "id"}}
    sentence = (
        "decimal and thousands cannot be given for format = 'json', whose numbers are always "
        "written as 1234.5"
    )
    with pytest.raises(ValueError, match=rf"Value error, {re.escape(sentence)} \["):
        ItemSource.model_validate(json | settings)
    assert likely_causes(["unreadable_price"], ItemSource.model_validate(json), "items") == []


def test_the_account_ends_with_them_whether_the_rows_are_refused_or_not():
    columns = {"item_id": "item", "purchased_at": "time", "order_id": "order"}
    rows = {"read": 4, "good": 3, "rejected": 1, "ahead": 0, "by_reason": {"unreadable_market": 1}}
    sentence = (
        "unreadable_market: bytes that are no text in UTF-8; where the files are windows-1252 or "
        "ISO-8859-1, say so: [sources.purchases] encoding."
    )

    def judged(max_rejected_share: float) -> list[str]:
        source = PurchaseSource(
            path="a.csv", format="csv", columns=columns, max_rejected_share=max_rejected_share
        )
        return Limits(source, "purchases", "rejected_purchases has them.").judge(rows)

    account = "4 rows read = 3 good + 1 rejected (unreadable_market 1)"
    assert judged(0.25) == [account, sentence]
    with pytest.raises(JobError) as refused:
        judged(0.2)
    assert str(refused.value) == (
        "a.csv: 1 of 4 rows (25.0%) broke a rule, more than max_rejected_share = 0.2 allows "
        f"(unreadable_market 1); rejected_purchases has them. {sentence}"
    )
