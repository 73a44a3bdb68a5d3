"""The rows that a job rejects, written by the job itself, also when it is refused."""

from tests.rows import rows

HEAD = "customer,order,item,time\n"


def rejected(project):
    """The end of the file's name, reasons, row and copies of each row."""
    table = project.read("rejected_purchases")
    return rows(table.selectExpr("right(source_file, 5)", "reasons", "row", "copies"))


def test_rejected_rows_of_a_file_that_read_alike_are_one_row_with_their_number(project):
    line = ",,tea,2017-11-30\n"
    project.file("purchases/1.csv", HEAD + 3 * line + 2 * "c1,o1,tea\n")
    project.file("purchases/2.csv", HEAD + line + 2 * "c1,o1,tea,2017-11-30\n")
    said = project.refusal("purchases")  # and yet they can be looked up
    assert said.endswith(
        "(duplicate 1, no_order_and_no_customer 4, unreadable_row 2, unreadable_time 2); "
        "rejected_purchases has them."
    )
    broken = '{"item":"tea","time":"2017-11-30"}'
    line_hash = '"line":"f6e069e84780133a"'
    assert rejected(project) == [
        ("1.csv", ["no_order_and_no_customer"], broken, 3),
        ("1.csv", ["unreadable_row", "unreadable_time"], "c1,o1,tea", 2),
        ("2.csv", ["duplicate"], '{"customer_id":"c1","order_id":"o1","item_id":"tea",'
         + line_hash + ',"purchased_at":"2017-11-30T00:00:00.000Z","quantity":1.0,"market":"all"}',
         1),
        ("2.csv", ["no_order_and_no_customer"], broken, 1),
    ]  # fmt: skip

    # The first file is delivered anew and is good now; of the second nothing has changed.
    project.file("purchases/1.csv", HEAD + "c1,o2,tea,2017-11-30\n")
    project.purchases["max_rejected_share"] = 0.7
    project.run_job("purchases")
    assert [row[:2] for row in rejected(project)] == [
        ("2.csv", ["duplicate"]),
        ("2.csv", ["no_order_and_no_customer"]),
    ]
    # Where nothing is rejected and nothing was, no commit is made.
    before = project.version("rejected_purchases")
    project.file("purchases/3.csv", HEAD + "c1,o3,tea,2017-11-30\n")
    project.run_job("purchases")
    assert project.version("rejected_purchases") == before
