"""What is known of items, from files: the weight of their lists, and the lists of new ones."""

from datetime import date

from tests.project import AS_OF
from tests.rows import rows

EARLIER = "2017-11-21"
LINES = """customer,order,item,time
ann,1,tea,2017-11-01
ann,1,cup,2017-11-01
ben,2,tea,2017-11-01
ben,2,cup,2017-11-01
cid,3,tea,2017-11-05
cid,4,cup,2017-11-25
cid,5,cup,2017-12-01
"""
ITEMS = """item,title,maker,kind
tea,Green tea,Leaf,drinks
cup,Cup,,kitchen
mate,Mate,Leaf,drinks
"""
INFORMATIVENESS = {
    "unit": "customer",
    "metric": "lift",
    "top_k": 3,
    "truth_days": 10,
    "look_back_days": 30,
    "triggers": 5,
    "bestseller_days": 30,
    "prior_hits": 1.0,
}
COLD_START = {
    "metrics": ["lift"], "prior_buyers": 2, "enough_buyers": 3, "likes": 2, "top_k": 3,
}  # fmt: skip


def test_lists_of_an_earlier_day_weigh_items_and_new_items_borrow(project):
    project.file("purchases/1.csv", LINES)
    project.file("items/1.csv", ITEMS)
    project.purchases["max_future_share"] = 1.0
    project.items["columns"] |= {"brand": "maker", "category": "kind"}
    project.conf["baskets"] |= {"units": ["customer"], "max_items": {"customer": 100}}
    project.conf["lists"]["metrics"] = ["lift"]
    project.conf["jobs"] |= {
        "item_informativeness": INFORMATIVENESS,
        "cold_start_items": COLD_START,
    }
    project.run_jobs("purchases", "items")
    assert project.run_job("item_informativeness") == [
        "item_informativeness: 0 rows",
        f"There are no related_items of {EARLIER}, 10 days before {AS_OF}: no item has a weight, "
        f"so all weigh alike; run the job related_items --as-of {EARLIER}.",
    ]
    chain = ("item_statistics", "co_purchases", "related_items", "cold_start_items")
    printed = project.run_jobs(*chain, as_of=EARLIER)
    assert printed[-1] == (
        "items with fewer than 3 buyers that borrow evidence: 1, of these 1 from items of their "
        "brand; 1 have no buyer yet"
    )
    day = date.fromisoformat(EARLIER)
    assert [row[:8] for row in rows(project.read("cold_start_items"))] == [
        (day, "customer", "all", "together", "lift", "mate", 1, "cup")
    ]
    assert project.run_job("item_informativeness")[1:] == [
        f"lists of {EARLIER}, and what was bought since: of 1 purchases of 1 items the item's list "
        f"had 100.0%, as many bestsellers 100.0%"
    ]
    assert rows(project.read("item_informativeness")) == [
        (date.fromisoformat(AS_OF), "all", "tea", 1, 1, 1, 1.0)
    ]
