"""Source files that are broken, missing or too bad: the sentence that the user reads."""

import gzip

import pyarrow as pa
import pyarrow.parquet as pq

from alsobought.ingest.time_patterns import LETTERS
from tests.rows import rows

HEAD = "customer,order,item,time\n"
LINE = "c1,o1,tea,2017-11-30\n"


def parquet_bytes(project, count=3):
    names = ("customer", "order", "item", "time")
    table = pa.table({name: [f"{name} {i}" for i in range(count)] for name in names})
    pq.write_table(table, project.home / "whole", compression="none", use_dictionary=False)
    return (project.home / "whole").read_bytes()


def test_no_file_at_all(project):
    said = "No source file matches purchases: deliver one, or correct [sources] path."
    assert project.refusal("purchases") == said
    (project.home / "purchases").mkdir()
    assert project.refusal("purchases") == said
    project.file("purchases/_SUCCESS", "")
    project.file("purchases/.a.csv.crc", "")
    assert project.refusal("purchases") == said


def test_a_file_of_zero_bytes(project):
    project.file("purchases/1.csv", HEAD + LINE)
    project.file("purchases/2.csv", "")
    said = "purchases/2.csv is empty (0 bytes): deliver it again, or remove it."
    assert project.refusal("purchases") == said


def test_a_file_with_a_header_only(project):
    project.file("purchases/1.csv", HEAD)
    assert project.refusal("purchases") == "purchases has no rows: deliver files that have some."


def test_a_file_that_begins_with_an_empty_line(project):
    project.file("purchases/1.csv", "\n" + HEAD + LINE)
    assert project.refusal("purchases") == (
        "purchases/1.csv has no header line: deliver it again, or remove it."
    )


def test_a_column_that_is_missing_in_one_of_the_files(project):
    project.file("purchases/1.csv", HEAD + LINE)
    project.file("purchases/2.csv", "customer,item\nc1,tea\n")
    assert project.refusal("purchases") == (
        "purchases/2.csv has no columns order, time, which the configuration names; "
        "it has: customer, item. Correct the file, or [sources] columns."
    )


def test_a_column_that_was_renamed(project):
    project.file("purchases/1.csv", "customer,order,Item,time\n" + LINE)
    assert project.refusal("purchases") == (
        "purchases/1.csv has no column item, which the configuration names; "
        "it has: customer, order, Item, time. Correct the file, or [sources] columns."
    )


def test_two_columns_of_one_name(project):
    project.file("purchases/1.csv", "customer,order,item,time,Item\n" + LINE)
    assert project.refusal("purchases") == (
        "purchases/1.csv has two columns called 'item': rename one of them."
    )


def test_a_parquet_file_that_was_cut_short(project):
    project.purchases["format"] = "parquet"
    project.file("purchases/1.parquet", parquet_bytes(project)[:-100])
    assert project.refusal("purchases") == (
        "purchases/1.parquet is not a readable Parquet file (was it cut short?): deliver it again; "
        "where it is a data file of a table, put a copy of it back."
    )


def test_a_parquet_file_with_a_hole_in_it(project):
    project.purchases["format"] = "parquet"
    whole = parquet_bytes(project, 20_000)
    project.file("purchases/1.parquet", whole[:4] + bytes(100_000) + whole[100_004:])
    assert project.refusal("purchases") == (
        "purchases/1.parquet cannot be read to its end (was it cut short?): deliver it again."
    )


def test_a_parquet_file_whose_column_changed_its_type(project):
    project.purchases["format"] = "parquet"
    project.file("purchases/1.parquet", parquet_bytes(project))
    names = ("customer", "order", "item", "time")
    pq.write_table(pa.table({n: [1] for n in names}), project.home / "purchases" / "2.parquet")
    assert project.refusal("purchases") == (
        'The source\'s Parquet files do not fit together, a column is of the types "STRING" and '
        '"BIGINT": deliver them with one type.'
    )


def test_a_packed_file_that_was_cut_short_near_its_beginning(project):
    packed = gzip.compress((HEAD + LINE * 100).encode())
    project.file("purchases/1.csv.gz", packed[:-12])
    assert project.refusal("purchases") == (
        "purchases/1.csv.gz cannot be read (Unexpected end of input stream; was it cut short?): "
        "deliver it again."
    )


def test_a_packed_file_that_was_cut_short_near_its_end(project):
    lines = "".join(f"c{i},o{i},i{i},2017-11-30\n" for i in range(20_000))
    project.file("purchases/0.csv", HEAD + LINE)
    project.run_job("purchases")
    whole = gzip.compress((HEAD + lines).encode())
    project.file("purchases/1.csv.gz", whole[:-1000])
    assert project.refusal("purchases") == (
        "purchases/1.csv.gz cannot be read to its end (was it cut short?): deliver it again."
    )
    assert rows(project.read("purchases").select("order_id", "item_id")) == [("o1", "tea")]
    project.file("purchases/1.csv.gz", whole)
    assert project.run_job("purchases")[0] == "purchases: 20,000 rows added, 0 removed"


def test_a_file_whose_name_says_that_it_is_packed(project):
    project.file("purchases/1.csv.gz", HEAD + LINE)
    assert project.refusal("purchases") == (
        "purchases/1.csv.gz cannot be read (not a gzip file; was it cut short?): deliver it again."
    )


def test_a_json_file_without_one_whole_line(project):
    project.purchases["format"] = "json"
    project.file("purchases/1.json", '{"customer": 1,\n')
    assert project.refusal("purchases") == (
        "purchases has no columns customer, order, item, time, which the configuration names; "
        "it has: none. Correct the file, or [sources] columns."
    )


def test_a_delta_table_that_is_not_there(project):
    project.purchases["format"] = "delta"
    said = "purchases is not a Delta table: build it, or correct [sources] path."
    assert project.refusal("purchases") == said
    project.file("purchases/1.csv", HEAD + LINE)
    assert project.refusal("purchases") == said


def test_a_column_that_holds_lists(project):
    project.purchases["format"] = "parquet"
    columns = {"customer": ["1"], "order": ["1"], "item": [["tea", "jam"]], "time": ["2017-11-30"]}
    (project.home / "purchases").mkdir()
    pq.write_table(pa.table(columns), project.home / "purchases" / "1.parquet")
    assert project.refusal("purchases") == (
        "purchases: column item is array<string>, not one value a row: "
        "map another column in [sources]."
    )


def test_a_time_pattern_that_is_none(project):
    project.purchases["timestamp_format"] = "yyyy-MM-dd bbb"
    project.file("purchases/1.csv", HEAD + LINE)
    assert project.refusal("purchases") == (
        "conf/test.toml: sources.purchases.timestamp_format has 'b', which Spark does not read in "
        f"a time: {LETTERS}, got 'yyyy-MM-dd bbb'."
    )


def test_a_time_pattern_in_other_letters_than_those_of_spark(project):
    project.purchases["timestamp_format"] = "YYYY-MM-DD hh:mm"
    assert project.refusal("purchases") == (
        "conf/test.toml: sources.purchases.timestamp_format should be 'yyyy-MM-dd HH:mm' in the "
        "letters of Spark (y year, M month, d day, H hour of 24, h hour of 12 with a for am or pm, "
        "m minute, s second, S fraction, X zone, other letters in single quotes), "
        "got 'YYYY-MM-DD hh:mm'."
    )


def test_most_rows_lie_ahead(project):
    project.file("purchases/1.csv", HEAD + LINE + "c1,o2,tea,2017-12-24\nc1,o3,tea,2018-01-01\n")
    assert project.refusal("purchases") == (
        "purchases: 2 of 3 rows (66.7%) lie at or after the as-of day, more than "
        "max_future_share = 0.05 allows; if this is a backfill, raise it, else correct the time "
        "column."
    )


def test_too_many_broken_rows_leave_yesterday_s_table_and_are_all_shown(project):
    project.file("purchases/1.csv", HEAD + LINE)
    project.run_job("purchases")
    before = project.version("purchases")
    good = "".join(f"c1,o{i},jam,2017-11-30\n" for i in range(17))
    bad = ",,milk,2017-11-31\nc1,o1,salt\n"
    project.file("purchases/2.csv", HEAD + good + bad)
    assert project.refusal("purchases") == (
        "purchases: 2 of 19 rows (10.5%) broke a rule, more than max_rejected_share = 0.05 allows "
        "(no_order_and_no_customer 1, unreadable_row 1, unreadable_time 2); "
        "rejected_purchases has them."
    )
    assert project.version("purchases") == before
    assert rows(project.read("purchases").select("order_id", "item_id")) == [("o1", "tea")]
    shown = project.read("rejected_purchases")
    shown = shown.selectExpr("right(source_file, 15)", "reasons", "row")
    assert rows(shown) == [
        (
            "purchases/2.csv",
            ["no_order_and_no_customer", "unreadable_time"],
            '{"item":"milk","time":"2017-11-31"}',
        ),
        ("purchases/2.csv", ["unreadable_row", "unreadable_time"], "c1,o1,salt"),
    ]


def test_too_many_items_without_an_id(project):
    project.file("items/1.csv", "item,title\n,Tea\n1,Jam\n")
    assert project.refusal("items") == (
        "items: 1 of 2 rows (50.0%) broke a rule, more than max_rejected_share = 0.05 allows "
        "(missing_item_id 1); give every item one row with an id."
    )
