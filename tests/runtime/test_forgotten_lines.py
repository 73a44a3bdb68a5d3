"""Customers who were forgotten do not come back: not with the next night's files, nor with the same
ones read again, nor by a run that had read their rows before."""

from datetime import date

import pytest

from alsobought.errors import JobError
from alsobought.runtime.store import Store
from alsobought.tables.outcome import Outcome
from alsobought.tables.recommend import RECOMMENDATIONS
from tests.command import printed
from tests.commands.forgetting_tables import files_that_hold
from tests.rows import rows

GONE = "zoe_8d1f"
HEAD = "customer,order,item,time\n"


@pytest.fixture
def shop(project, monkeypatch):
    """Purchases, offers and engagements of two customers, and broken lines of both."""
    monkeypatch.setenv("ALSOBOUGHT_HOME", str(project.home))
    project.have_offers()
    sources = project.conf["sources"]
    sources["offers"]["columns"]["offer_id"] = ["campaign", "customer"]
    sources["engagements"]["columns"]["offer_id"] = ["campaign", "customer"]
    for source in sources.values():
        source["max_rejected_share"] = 0.4
    both = f"{GONE},1,tea,2017-11-01\nann,2,tea,2017-11-01\nann,3,jam,2017-11-02\n"
    broken = f"{GONE},4,tea,never\nann,5,tea,never\n"
    project.file("purchases/1.csv", f"{HEAD}{both}{broken}")
    project.file("items/1.csv", "item,title\ntea,Tea\n")
    events = f"campaign,customer,time\n26,{GONE},2017-11-01\n26,ann,2017-11-01\n"
    project.file("offers/1.csv", events)
    project.file("engagements/1.csv", events)
    for job in ("purchases", "offers", "engagements"):
        project.run_job(job)
    return project


def test_lines_of_a_forgotten_customer_are_left_out_and_counted(shop):
    code, lines = printed("forget", GONE, "--env", "test")
    assert (code, files_that_hold(shop.home / "tables", GONE)) == (0, []), lines
    kept = [("ann", "2", "tea"), ("ann", "3", "jam")]
    columns = ("customer_id", "order_id", "item_id")
    assert rows(shop.read("purchases").select(*columns)) == kept
    assert shop.run_job("purchases") == ["purchases: nothing new in 1 files"]

    cut_short = f"{GONE};8\n"
    shop.file(
        "purchases/2.csv", f"{HEAD}{GONE},6,tea,2017-11-03\nann,7,tea,2017-11-03\n{cut_short}"
    )
    first, second, *_ = shop.run_job("purchases", reload=True)
    assert first == "purchases: 3 rows added, 2 removed"
    assert second == ("8 rows read = 3 good + 5 rejected (forgotten_customer 4, unreadable_time 1)")
    assert rows(shop.read("purchases").select(*columns)) == [*kept, ("ann", "7", "tea")]
    rejected = shop.read("rejected_purchases").selectExpr(
        "right(source_file, 5)", "reasons[0]", "row", "copies"
    )
    broken = '{"customer":"ann","order":"5","item":"tea","time":"never"}'
    assert rows(rejected) == [
        ("1.csv", "forgotten_customer", "{}", 2),
        ("1.csv", "unreadable_time", broken, 1),
        ("2.csv", "forgotten_customer", "{}", 2),
    ]

    later = f"campaign,customer,time\n27,{GONE},2017-11-03\n27,ann,2017-11-03\n"
    shop.file("offers/2.csv", later)
    shop.file("engagements/2.csv", later)
    shop.run_job("engagements", reload=True)
    shop.run_job("offers", reload=True)
    ids = [("26-ann",), ("27-ann",)]
    assert rows(shop.read("engagements").select("offer_id")) == ids
    assert rows(shop.read("offers").select("offer_id")) == ids
    assert files_that_hold(shop.home / "tables", GONE) == []


def test_a_run_that_has_read_their_rows_is_refused(shop, frame):
    store = Store(shop.spark, str(shop.home / "tables"))
    lists = frame(RECOMMENDATIONS.ddl, ("all", GONE, "sum", 1, "tea", 1.0, "related", []))
    read = {"read_versions": {"purchases": shop.version("purchases")}}
    assert printed("forget", GONE, "--env", "test")[0] == 0
    with pytest.raises(JobError, match="Customers were forgotten while this run was working"):
        store.write(RECOMMENDATIONS, Outcome(lists), date(2017, 12, 1), read)
    assert shop.read("recommendations").count() == 0
    assert files_that_hold(shop.home / "tables", GONE) == []
