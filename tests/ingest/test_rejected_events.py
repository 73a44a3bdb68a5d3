"""The rows of offers and their events that broke a rule, as they were read."""

import json

from alsobought.tables.offers import REJECTED_EVENTS
from tests.rows import rows


def test_every_broken_row_of_the_three_sources_with_what_is_wrong_with_it(offer_shop):
    assert offer_shop.run_job("rejected_events") == ["rejected_events: 3 rows"]
    judged_rows = offer_shop.read("rejected_events").select("source", "reasons", "row").collect()
    assert sorted(
        (row["source"], row["reasons"], json.loads(row["row"])) for row in judged_rows
    ) == [
        ("engagements", ["unreadable_time"], {"offer": "o1", "time": "never"}),
        (
            "offers",
            ["missing_offer_id"],
            {"customer": "c3", "time": "2017-11-03", "kind": "B", "size": "2"},
        ),
        ("redemptions", ["duplicate"], {"offer": "o1", "time": "2017-11-07"}),
    ]


def test_the_key_holds_where_broken_rows_read_alike(offer_shop):
    offer_shop.file("offers/2.csv", "offer,customer,time,kind,size\n" + 3 * ",c3,2017-11-03,B,2\n")
    offer_shop.run_job("rejected_events")
    table = offer_shop.read("rejected_events")
    copies = table.where("source = 'offers'").selectExpr("right(source_file, 5)", "copies")
    assert rows(copies) == [("1.csv", 1), ("2.csv", 3)]
    assert table.select(*REJECTED_EVENTS.key).distinct().count() == table.count()
