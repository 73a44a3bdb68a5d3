"""Purchases come day by day: new files add, the same files change nothing."""

from datetime import date

from tests.rows import rows

HEAD = "customer,order,item,time\n"


def test_a_new_day_s_file_adds_its_day_and_a_file_that_has_gone_changes_nothing(project):
    first = project.file("purchases/1.csv", HEAD + "c1,o1,tea,2017-11-28\nc1,o1,jam,2017-11-28\n")
    assert project.run_job("purchases", "2017-11-29") == [
        "purchases: 2 rows added, 0 removed",
        "2 rows read = 2 good + 0 rejected",
    ]
    # The next day's file has one more column, in another order.
    project.file("purchases/2.csv", "time,till,item,order,customer\n2017-11-29,T7,tea,o2,c2\n")
    assert project.run_job("purchases", "2017-11-30") == [
        "purchases: 1 rows added, 0 removed",
        "1 rows read = 1 good + 0 rejected",
        "1 of 2 files read, the others are as before",
    ]
    first.unlink()
    version = project.version("purchases")
    assert project.run_job("purchases", "2017-11-30") == [
        "purchases: nothing new in 1 files",
        f"no longer there, and their rows stay: {first}",
    ]
    assert project.version("purchases") == version
    found = project.read("purchases")
    assert rows(found.selectExpr("order_id", "item_id", "date(purchased_at)")) == [
        ("o1", "jam", date(2017, 11, 28)),
        ("o1", "tea", date(2017, 11, 28)),
        ("o2", "tea", date(2017, 11, 29)),
    ]


def test_an_order_id_belongs_to_its_market(project):
    """Order 1 of both markets has a line 1 with tea: two lines, and no one's duplicate."""
    project.purchases["columns"] |= {"line": "line", "market": "market"}
    head = "customer,order,item,time,line,market\n"
    lines = [f"c{m},1,{item},2017-11-28,1,{m}" for m in ("de", "uk") for item in ("tea", "jam")]
    project.file("purchases/1.csv", head + "\n".join(lines) + "\n")
    assert project.run_job("purchases")[1] == "4 rows read = 4 good + 0 rejected"
    # each market's own order 1 is corrected
    project.file("purchases/2.csv", head + "duk,1,tea,2017-11-28,1,uk\n")
    assert project.run_job("purchases")[0] == "purchases: 1 rows added, 1 removed"
    bought = project.read("purchases").select("market", "order_id", "item_id", "customer_id")
    assert rows(bought) == [
        ("de", "1", "jam", "cde"),
        ("de", "1", "tea", "cde"),
        ("uk", "1", "jam", "cuk"),
        ("uk", "1", "tea", "duk"),
    ]
    project.conf["baskets"]["units"] = ["order"]
    project.run_job("item_statistics")
    counted = project.read("item_statistics").select("market", "item_id", "buyers", "units")
    assert rows(counted) == [
        ("de", "jam", 1, 1),
        ("de", "tea", 1, 1),
        ("uk", "jam", 1, 1),
        ("uk", "tea", 1, 1),
    ]


def test_without_line_ids_a_file_s_rows_are_what_the_file_says_now(project):
    """A price is corrected, a line is gone, a second line of the same item is new."""
    project.purchases["columns"]["price"] = "price"
    head = "customer,order,item,time,price\n"
    project.file("purchases/1.csv", head + "c,o1,tea,2017-11-29,3.0\nc,o1,jam,2017-11-29,2.0\n")
    project.file("purchases/2.csv", head + "c,o2,tea,2017-11-30,3.0\n")
    project.run_job("purchases")
    project.file("purchases/1.csv", head + "c,o1,tea,2017-11-29,3.5\nc,o1,tea,2017-11-29,3.0\n")
    assert project.run_job("purchases")[0] == "purchases: 2 rows added, 2 removed"
    project.file("purchases/1.csv", head)  # nothing of it was true
    assert project.run_job("purchases")[:2] == [
        "purchases: 0 rows added, 2 removed",
        "0 rows read = 0 good + 0 rejected",
    ]
    assert rows(project.read("purchases").select("order_id", "item_id")) == [("o2", "tea")]


def test_a_run_for_an_older_day_leaves_the_later_lines_of_a_file(project):
    project.purchases["max_future_share"] = 1.0
    lines = "c,o1,tea,2017-11-28\nc,o2,tea,2017-11-30\n"
    project.file("purchases/1.csv", HEAD + lines)
    project.run_job("purchases", "2017-12-01")
    project.file("purchases/1.csv", HEAD + lines.replace("o1", "o33").replace("o2", "o4"))
    said = "purchases: 1 rows added, 1 removed"
    assert project.run_job("purchases", "2017-11-29")[0] == said
    assert rows(project.read("purchases").select("order_id")) == [("o2",), ("o33",)]
    said = "purchases: 2 rows added, 2 removed"  # what lay ahead of that day is not forgotten
    assert project.run_job("purchases", "2017-12-01")[0] == said
    assert rows(project.read("purchases").select("order_id")) == [("o33",), ("o4",)]


def test_files_are_read_again_where_the_source_is_read_in_another_way(project):
    project.file("purchases/1.csv", HEAD + "c,o,tea,2017-11-28 12:00:00\n")
    project.run_job("purchases")
    project.purchases["max_rejected_share"] = 0.1
    assert project.run_job("purchases")[0] == "purchases: nothing new in 1 files"
    project.purchases["time_zone"] = "America/New_York"
    assert project.run_job("purchases")[0] == "purchases: 1 rows added, 1 removed"
    hours = project.read("purchases").selectExpr("hour(purchased_at)")
    assert rows(hours) == [(17,)]


def test_the_catalogue_is_what_its_files_say_now_and_is_read_only_when_one_changes(project):
    project.file("items/1.csv", "item,title\ntea,Tea\njam,Jam\n")
    gone = project.file("items/2.csv", "item,title\nmilk,Milk\n")
    assert project.run_job("items") == ["items: 3 rows", "3 rows read = 3 good + 0 rejected"]
    assert project.run_job("items") == ["items: nothing new in 2 files"]
    project.file("items/1.csv", "item,title\ntea,Green tea\n")
    assert project.run_job("items")[0] == "items: 2 rows"
    gone.unlink()
    assert project.run_job("items")[0] == "items: 1 rows"
    assert rows(project.read("items").select("item_id", "title")) == [("tea", "Green tea")]
