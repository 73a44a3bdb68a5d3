"""Purchases come day by day: new files add, the same files change nothing."""

from datetime import date

from tests.rows import rows

HEAD = "customer,order,item,time\n"


def test_a_new_day_s_file_adds_its_day_and_reading_again_changes_nothing(project):
    project.file("purchases/1.csv", HEAD + "c1,o1,tea,2017-11-28\nc1,o1,jam,2017-11-28\n")
    assert project.run_job("purchases", "2017-11-29") == [
        "purchases: 2 rows are new, 0 changed",
        "2 rows read = 2 good + 0 rejected",
    ]
    # The next day's file has one more column, in another order.
    project.file("purchases/2.csv", "time,till,item,order,customer\n2017-11-29,T7,tea,o2,c2\n")
    assert project.run_job("purchases", "2017-11-30") == [
        "purchases: 1 rows are new, 0 changed",
        "3 rows read = 3 good + 0 rejected",
    ]
    assert project.run_job("purchases", "2017-11-30")[0] == "purchases: 0 rows are new, 0 changed"
    found = project.read("purchases")
    assert rows(found.selectExpr("order_id", "item_id", "date(purchased_at)")) == [
        ("o1", "jam", date(2017, 11, 28)),
        ("o1", "tea", date(2017, 11, 28)),
        ("o2", "tea", date(2017, 11, 29)),
    ]


def test_two_files_of_one_day_are_both_added_and_an_overlap_only_once(project):
    project.purchases["max_rejected_share"] = 0.5
    project.file("purchases/1.csv", HEAD + "c1,o1,tea,2017-11-30\nc1,o1,jam,2017-11-30\n")
    second = project.file("purchases/2.csv", HEAD + "c1,o1,jam,2017-11-30\nc2,o2,tea,2017-11-30\n")
    assert project.run_job("purchases") == [
        "purchases: 3 rows are new, 0 changed",
        "4 rows read = 3 good + 1 rejected (duplicate 1)",
    ]
    # Delivered once more, alone and under another name, the second file brings nothing new.
    (project.home / "purchases" / "1.csv").unlink()
    second.rename(second.with_name("3.csv"))
    assert project.run_job("purchases") == [
        "purchases: 0 rows are new, 0 changed",
        "2 rows read = 2 good + 0 rejected",
    ]


def test_a_correction_of_the_same_line_changes_that_line(project):
    project.purchases["columns"] |= {"line": "line", "quantity": "n"}
    head = "customer,order,item,time,line,n\n"
    project.file("purchases/1.csv", head + "c,o,tea,2017-11-29,1,3\nc,o,tea,2017-11-29,2,1\n")
    project.run_job("purchases")
    project.file("purchases/1.csv", head + "c,o,tea,2017-11-29,1,2\nc,o,tea,2017-11-29,2,1\n")
    assert project.run_job("purchases")[0] == "purchases: 0 rows are new, 1 changed"
    assert rows(project.read("purchases").select("line", "quantity")) == [("1", 2.0), ("2", 1.0)]


def test_the_catalogue_is_what_its_file_says_now(project):
    project.file("items/1.csv", "item,title\ntea,Tea\njam,Jam\n")
    assert project.run_job("items") == ["items: 2 rows", "2 rows read = 2 good + 0 rejected"]
    project.file("items/1.csv", "item,title\ntea,Green tea\n")
    project.run_job("items")
    assert rows(project.read("items").select("item_id", "title")) == [("tea", "Green tea")]
