"""Offers: what each rule refuses, what features become, what the job keeps."""

import json
from datetime import date, datetime
from decimal import Decimal

from alsobought.ingest import offers, rules
from alsobought.ingest.settings import OfferSource
from alsobought.tables.offers import OFFERS, REJECTED_EVENTS
from tests.ingest.source_lines import read_all
from tests.rows import rows

DAY = date(2017, 12, 1)
OFFER = {"offer_id": "offer", "customer_id": "customer", "issued_at": "time"}
HEAD = "offer,customer,time\n"


def at(*numbers):
    return datetime(*numbers)  # noqa: DTZ001 - tests run in UTC


def test_every_fault_of_an_offer_is_listed_and_a_good_one_has_none(judged):
    judged_rows = judged(
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
            + "\ufffd,c1,2017-11-30 10:00:00,3\n"
        },
        numbers="size",
    )
    assert rows(judged_rows.where("size(reasons) > 0").select("offer_id", "reasons")) == [
        ("at the day", ["future_time"]),
        ("no customer", ["missing_customer_id"]),
        ("no time", ["unreadable_time"]),
        ("word", ["unreadable_number"]),
        ("\ufffd", ["unreadable_offer_id"]),
        (None, ["missing_offer_id"]),
    ]
    kept = rules.good(judged_rows, OFFERS).drop("source_file")
    assert rows(kept) == [
        ("good", "c1", at(2017, 11, 30, 10), {"size": 3.0}),
        ("no size", "c1", at(2017, 11, 30, 10), {}),
    ]


def test_an_id_of_several_columns_is_joined_and_missing_where_one_is(judged):
    text = "campaign,customer,time\n7.0,c1,2017-11-01\n,c1,2017-11-01\n8,,2017-11-01\n"
    judged_rows = judged(OfferSource, {"a.csv": text}, offer_id=["campaign", "customer"])
    assert rows(judged_rows.select("offer_id", "reasons")) == [
        ("7-c1", []),
        (None, ["missing_customer_id", "missing_offer_id"]),
        (None, ["missing_offer_id"]),
    ]


def test_text_becomes_a_category_and_a_number_its_value(judged):
    text = "offer,customer,time,kind,days,size\no1,c1,2017-11-01, Type A ,32,1e2\n"
    text += "o2,c1,2017-11-01,,,\n"
    judged_rows = judged(
        OfferSource, {"a.csv": text}, features=["kind", "days"], numbers=["size"]
    ).select("offer_id", "features")
    assert rows(judged_rows) == [
        ("o1", {"kind=Type A": 1.0, "days=32": 1.0, "size": 100.0}),
        ("o2", {}),
    ]


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
    judged_rows = offers.classified(read_all(spark, source, tmp_path), source, DAY)
    assert rows(judged_rows.select("offer_id", "features", "reasons")) == [
        ("1", {"n": 3.0, "d": 2.0, "x": 0.5, "yes=true": 1.0}, []),
        ("2", {}, []),
    ]


def test_the_job_keeps_good_rows_and_a_file_s_newest_rows_replace_its_older_ones(offer_shop):
    sentence = "3 rows read = 2 good + 1 rejected (missing_offer_id 1)"
    assert offer_shop.run_job("offers") == ["offers: 2 rows added, 0 removed", sentence]
    assert offer_shop.run_job("offers") == ["offers: nothing new in 1 files"]
    assert rows(offer_shop.read("offers").drop("source_file")) == [
        ("o1", "c1", at(2017, 11, 1), {"kind=A": 1.0, "size=1": 1.0}),
        ("o2", "c2", at(2017, 11, 2), {"kind=B": 1.0}),
    ]
    offer_shop.file("offers/1.csv", "offer,customer,time,kind,size\no2,c2,2017-11-02,B,9\n")
    assert offer_shop.run_job("offers")[0] == "offers: 1 rows added, 2 removed"
    assert rows(offer_shop.read("offers").drop("source_file")) == [
        ("o2", "c2", at(2017, 11, 2), {"kind=B": 1.0, "size=9": 1.0}),
    ]


def test_the_rejected_rows_of_offers_and_their_events_lie_in_one_table(offer_shop):
    offer_shop.file("offers/2.csv", "offer,customer,time,kind,size\n" + 3 * ",c3,2017-11-03,B,2\n")
    offer_shop.conf["sources"]["offers"]["max_rejected_share"] = 0.7
    for name in ("offers", "engagements", "redemptions"):
        offer_shop.run_job(name)
    table = offer_shop.read("rejected_events")
    found = table.select("source", "reasons", "row", "copies").collect()
    assert sorted(
        (row["source"], row["reasons"], json.loads(row["row"]), row["copies"]) for row in found
    ) == [
        ("engagements", ["unreadable_time"], {"offer": "o1", "time": "never"}, 1),
        ("offers", ["missing_offer_id"],
         {"customer": "c3", "time": "2017-11-03", "kind": "B", "size": "2"}, 1),
        ("offers", ["missing_offer_id"],
         {"customer": "c3", "time": "2017-11-03", "kind": "B", "size": "2"}, 3),
        ("redemptions", ["duplicate"],
         {"offer_id": "o1", "redeemed_at": "2017-11-07T00:00:00.000Z"}, 1),
    ]  # fmt: skip
    assert table.select(*REJECTED_EVENTS.key).distinct().count() == table.count()
