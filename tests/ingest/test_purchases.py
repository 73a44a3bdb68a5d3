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


def priced(project):
    """The lines of the table with the end of their file's name."""
    table = project.read("purchases")
    return rows(table.selectExpr("order_id", "item_id", "price", "right(source_file, 5)"))


def test_without_line_ids_a_file_s_rows_are_what_the_file_says_now(project):
    """A price is corrected, a line is gone, a second line of the same item is new."""
    project.purchases["columns"]["price"] = "price"
    head = "customer,order,item,time,price\n"
    project.file("purchases/1.csv", head + "c,o1,tea,2017-11-29,3.0\nc,o1,jam,2017-11-29,2.0\n")
    project.file("purchases/2.csv", head + "c,o2,tea,2017-11-30,3.0\n")
    assert project.run_job("purchases")[0] == "purchases: 3 rows are new, 0 changed"
    project.file("purchases/1.csv", head + "c,o1,tea,2017-11-29,3.5\nc,o1,tea,2017-11-29,3.0\n")
    (project.home / "purchases" / "2.csv").unlink()  # a file that has gone changes nothing
    assert project.run_job("purchases")[0] == "purchases: 1 rows are new, 0 changed, 1 removed"
    assert priced(project) == [
        ("o1", "tea", 3.0, "1.csv"),
        ("o1", "tea", 3.5, "1.csv"),
        ("o2", "tea", 3.0, "2.csv"),
    ]
    project.file("purchases/1.csv", head)  # nothing of it was true
    project.file("purchases/3.csv", head + "c,o3,tea,2017-11-30,3.0\n")
    assert project.run_job("purchases")[0] == "purchases: 1 rows are new, 0 changed, 2 removed"
    assert priced(project) == [("o2", "tea", 3.0, "2.csv"), ("o3", "tea", 3.0, "3.csv")]


def test_a_run_for_an_older_day_leaves_the_later_lines_of_a_file(project):
    project.purchases["max_future_share"] = 1.0
    lines = "c,o1,tea,2017-11-28\nc,o2,tea,2017-11-30\n"
    project.file("purchases/1.csv", HEAD + lines)
    project.run_job("purchases", "2017-12-01")
    assert project.run_job("purchases", "2017-11-29")[0] == "purchases: 0 rows are new, 0 changed"
    project.file("purchases/1.csv", HEAD + lines.replace("o1", "o3").replace("o2", "o4"))
    said = "purchases: 1 rows are new, 0 changed, 1 removed"
    assert project.run_job("purchases", "2017-11-29")[0] == said
    assert rows(project.read("purchases").select("order_id")) == [("o2",), ("o3",)]


def test_the_catalogue_is_what_its_file_says_now(project):
    project.file("items/1.csv", "item,title\ntea,Tea\njam,Jam\n")
    assert project.run_job("items") == ["items: 2 rows", "2 rows read = 2 good + 0 rejected"]
    project.file("items/1.csv", "item,title\ntea,Green tea\n")
    project.run_job("items")
    assert rows(project.read("items").select("item_id", "title")) == [("tea", "Green tea")]
