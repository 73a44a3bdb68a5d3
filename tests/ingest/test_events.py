"""Offers and what follows them: what each rule refuses, what features become, what jobs keep."""

import json
from datetime import date, datetime
from decimal import Decimal

import pytest

from alsobought.ingest import account, events, files, offers, rules
from alsobought.ingest.settings import EngagementSource, OfferSource, RedemptionSource
from alsobought.tables.offers import ENGAGEMENTS, OFFERS, REDEMPTIONS
from tests.rows import rows

DAY = date(2017, 12, 1)
OFFER = {"offer_id": "offer", "customer_id": "customer", "issued_at": "time"}
HEAD = "offer,customer,time\n"
TABLES = {OfferSource: OFFERS, EngagementSource: ENGAGEMENTS, RedemptionSource: REDEMPTIONS}
COLUMNS = {
    OfferSource: OFFER,
    EngagementSource: {"offer_id": "offer", "engaged_at": "time"},
    RedemptionSource: {"offer_id": "offer", "redeemed_at": "time"},
}


def classify(lines, source):
    if isinstance(source, OfferSource):
        return offers.classified(lines, source, DAY)
    return events.classified(lines, source, TABLES[type(source)], DAY)


def at(*numbers):
    return datetime(*numbers)  # noqa: DTZ001 - tests run in UTC


@pytest.fixture
def judged(spark, tmp_path):
    """judged(kind of source, {"a.csv": "..."}, columns...) is its classified rows."""

    def classified(kind, contents, file_format="csv", **columns):
        for name, content in contents.items():
            (tmp_path / name).write_text(content, encoding="utf-8")
        source = kind(path="*.*", format=file_format, columns=COLUMNS[kind] | columns)
        lines = files.read(spark, source, tmp_path)
        classified_rows = classify(lines, source)
        counts = account.count_rows(lines, classified_rows).collect()[0]
        assert counts["read"] == counts["good"] + counts["rejected"]
        return classified_rows

    return classified


def test_every_fault_of_an_offer_is_listed_and_a_good_one_has_none(judged):
    found = judged(
        OfferSource,
        {
            "a.csv": "offer,customer,time,size\n"
            + "good,c1,2017-11-30 10:00:00,3\n"
            + "no size,c1,2017-11-30 10:00:00,\n"
            + ",c1,2017-11-30 10:00:00,3\n"
            + "no customer,,2017-11-30 10:00:00,3\n"
            + "no time,c1,30.11.2017,3\n"
            + "at the day,c1,2017-12-01 00:00:00,3\n"
            + "word,c1,2017-11-30 10:00:00,large\n"
            + "twice,c1,2017-11-30 10:00:00,3\n"
            + "twice,c2,2017-11-29 10:00:00,4\n"
            + "\ufffd,c1,2017-11-30 10:00:00,3\n"
        },
        numbers="size",
    )
    assert rows(found.where("size(reasons) > 0").select("offer_id", "reasons")) == [
        ("at the day", ["future_time"]),
        ("no customer", ["missing_customer_id"]),
        ("no time", ["unreadable_time"]),
        ("twice", ["duplicate"]),
        ("word", ["unreadable_number"]),
        ("\ufffd", ["unreadable_offer_id"]),
        (None, ["missing_offer_id"]),
    ]
    kept = rules.good(found, OFFERS).where("offer_id <> 'twice'")
    assert rows(kept) == [
        ("good", "c1", at(2017, 11, 30, 10), {"size": 3.0}),
        ("no size", "c1", at(2017, 11, 30, 10), {}),
    ]


def test_of_offers_with_one_id_a_good_one_stays(judged):
    late, good = "o1,c1,2018-01-01\n", "o1,c1,2017-11-01\n"
    found = judged(OfferSource, {"a.csv": HEAD + late, "b.csv": HEAD + good})
    assert rows(found.selectExpr("right(_source_file, 5)", "reasons")) == [
        ("a.csv", ["duplicate", "future_time"]),
        ("b.csv", []),
    ]


def test_an_id_of_several_columns_is_joined_and_missing_where_one_is(judged):
    text = "campaign,customer,time\n7.0,c1,2017-11-01\n,c1,2017-11-01\n8,,2017-11-01\n"
    found = judged(OfferSource, {"a.csv": text}, offer_id=["campaign", "customer"])
    assert rows(found.select("offer_id", "reasons")) == [
        ("7-c1", []),
        (None, ["missing_customer_id", "missing_offer_id"]),
        (None, ["missing_offer_id"]),
    ]


def test_text_becomes_a_category_and_a_number_its_value(judged):
    text = "offer,customer,time,kind,days,size\no1,c1,2017-11-01, Type A ,32,1e2\n"
    text += "o2,c1,2017-11-01,,,\n"
    found = judged(
        OfferSource, {"a.csv": text}, features=["kind", "days"], numbers=["size"]
    ).select("offer_id", "features")
    assert rows(found) == [("o1", {"kind=Type A": 1.0, "days=32": 1.0, "size": 100.0}), ("o2", {})]


def test_a_column_of_numbers_needs_no_telling(spark, frame, tmp_path):
    """Decimals, whole numbers, floats and truth values, as a typed file holds them."""
    made = frame(
        "offer int, customer string, time timestamp, "
        "n bigint, d decimal(5,2), x double, yes boolean",
        (1, "c1", at(2017, 11, 1), 3, Decimal(2), 0.5, True),
        (2, "c1", at(2017, 11, 1), None, None, float("nan"), None),
    )
    made.write.parquet(str(tmp_path / "offers"))
    source = OfferSource(
        path="offers", format="parquet", columns=OFFER | {"features": ["n", "d", "x", "yes"]}
    )
    found = offers.classified(files.read(spark, source, tmp_path), source, DAY)
    assert rows(found.select("offer_id", "features", "reasons")) == [
        ("1", {"n": 3.0, "d": 2.0, "x": 0.5, "yes=true": 1.0}, []),
        ("2", {}, []),
    ]


@pytest.mark.parametrize("kind", [EngagementSource, RedemptionSource])
def test_the_same_event_twice_is_a_duplicate_and_another_time_is_not(judged, kind):
    text = "offer,time\no1,2017-11-30\no1,2017-11-30 00:00:00\no1,2017-11-30 00:00:01\n"
    text += "o2,2017-11-30\n,2017-11-30\no3,soon\no4,2017-12-01\n"
    found = judged(kind, {"a.csv": text})
    assert rows(found.select("offer_id", "reasons")) == [
        ("o1", ["duplicate"]),
        ("o1", []),
        ("o1", []),
        ("o2", []),
        ("o3", ["unreadable_time"]),
        ("o4", ["future_time"]),
        (None, ["missing_offer_id"]),
    ]


@pytest.fixture
def shop(project):
    """Two offers, an engagement and a redemption, and one broken row of each."""
    project.have_offers()
    for name in ("offers", "engagements", "redemptions"):
        project.conf["sources"][name]["max_rejected_share"] = 0.6
    project.conf["sources"]["offers"]["columns"]["features"] = ["kind", "size"]
    head = "offer,customer,time,kind,size\n"
    text = "o1,c1,2017-11-01,A,1\no2,c2,2017-11-02,B,\n,c3,2017-11-03,B,2\n"
    project.file("offers/1.csv", head + text)
    project.file("engagements/1.csv", "offer,time\no1,2017-11-05\no1,never\n")
    project.file("redemptions/1.csv", "offer,time\no1,2017-11-07\no1,2017-11-07\n")
    return project


def test_the_jobs_keep_good_rows_and_a_second_run_changes_nothing(shop):
    """Also where rows hold maps, which Spark does not compare."""
    told = "3 rows read = 2 good + 1 rejected (missing_offer_id 1)"
    assert shop.run_job("offers") == ["offers: 2 rows are new, 0 changed", told]
    assert shop.run_job("offers") == ["offers: 0 rows are new, 0 changed", told]
    assert rows(shop.read("offers")) == [
        ("o1", "c1", at(2017, 11, 1), {"kind=A": 1.0, "size=1": 1.0}),
        ("o2", "c2", at(2017, 11, 2), {"kind=B": 1.0}),
    ]
    shop.file("offers/1.csv", "offer,customer,time,kind,size\no2,c2,2017-11-02,B,9\n")
    assert shop.run_job("offers")[0] == "offers: 0 rows are new, 1 changed"
    assert rows(shop.read("offers").where("offer_id = 'o2'")) == [
        ("o2", "c2", at(2017, 11, 2), {"kind=B": 1.0, "size=9": 1.0}),
    ]


def test_events_and_what_is_wrong_with_them(shop):
    assert shop.run_job("engagements") == [
        "engagements: 1 rows are new, 0 changed",
        "2 rows read = 1 good + 1 rejected (unreadable_time 1)",
    ]
    assert rows(shop.read("engagements")) == [("o1", at(2017, 11, 5))]
    assert shop.run_job("rejected_events") == ["rejected_events: 3 rows"]
    found = shop.read("rejected_events").select("source", "reasons", "row").collect()
    assert sorted((row["source"], row["reasons"], json.loads(row["row"])) for row in found) == [
        ("engagements", ["unreadable_time"], {"offer": "o1", "time": "never"}),
        (
            "offers",
            ["missing_offer_id"],
            {"customer": "c3", "time": "2017-11-03", "kind": "B", "size": "2"},
        ),
        ("redemptions", ["duplicate"], {"offer": "o1", "time": "2017-11-07"}),
    ]


def test_too_many_broken_events_fail_the_job(shop):
    shop.conf["sources"]["redemptions"]["max_rejected_share"] = 0.4
    assert shop.refusal("redemptions") == (
        "redemptions: 1 of 2 rows (50.0%) broke a rule, more than max_rejected_share = 0.4 allows "
        "(duplicate 1); run the job rejected_events to see them."
    )


def test_a_shop_without_offers_is_told_what_is_missing(project):
    assert project.refusal("engagements") == (
        "conf/test.toml: there is no [sources.engagements], which the job engagements needs."
    )
