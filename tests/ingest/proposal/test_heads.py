"""The first rows of files as shops have them."""

import gzip
import json

import pyarrow as pa
import pytest
from pyarrow import parquet

from alsobought.errors import JobError
from alsobought.ingest.proposal import heads
from alsobought.ingest.proposal.heads import Layout


@pytest.fixture
def head(tmp_path):
    """head("name", content) is the one Head of that file."""

    def made(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        (only,) = heads.read([path])
        return only

    return made


def test_columns_of_text_and_empty_fields_as_null(head):
    read = head("a.csv", "order,item,qty\n1,tea,007\n2,,1\n")
    assert read.layout == Layout("csv")
    assert read.rows.to_pylist() == [
        {"order": "1", "item": "tea", "qty": "007"},
        {"order": "2", "item": None, "qty": "1"},
    ]
    assert read.is_whole


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_the_delimiter(head, mark):
    lines = [["order", "price"], ["1", "2.5"], ["2", "3.0"]]
    read = head("a.csv", "\n".join(mark.join(line) for line in lines))
    assert read.layout.delimiter == mark
    assert read.rows.column_names == ["order", "price"]


def test_decimal_commas_do_not_pass_for_delimiters(head):
    assert head("a.csv", "order;price\n1;2,50\n2;3,00\n").layout.delimiter == ";"


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8"),
        ("iso-8859-1", "windows-1252"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16LE"),
    ],
)
def test_the_encoding(head, encoding, name):
    read = head("a.csv", "item,title\n1,Müsli\n2,Käse\n".encode(encoding))
    assert read.layout.encoding == name
    assert read.rows["item"].to_pylist() == ["1", "2"]
    assert read.rows["title"].to_pylist() == ["Müsli", "Käse"]


def test_letters_that_only_windows_has(head):
    read = head("a.csv", "item,title\n1,Müsli “fein”\n".encode("windows-1252"))
    assert read.layout.encoding == "windows-1252"
    assert read.rows["title"].to_pylist() == ["Müsli “fein”"]


def test_letters_that_windows_does_not_have(head):
    assert head("a.csv", b"item,title\n1,M\xfcsli \x81\n").layout.encoding == "ISO-8859-1"


def test_plain_letters_fit_every_encoding(head):
    read = head("a.csv", "item,title\n1,Tea\n")
    assert (read.layout.encoding, read.encodings) == ("UTF-8", ("US-ASCII",))


def test_of_several_encodings_that_of_the_most_files(tmp_path):
    contents = {"a.csv": b"\xe4", "b.csv": b"\xc3\xa4", "c.csv": b"a", "d.csv": b"\xc3\xb6"}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(b"item,title\n1," + content + b"\n")
    (read,) = heads.read([tmp_path / name for name in contents])
    assert read.layout.encoding == "UTF-8"
    assert read.encodings == ("windows-1252", "UTF-8", "US-ASCII", "UTF-8")


def test_a_file_without_header(head):
    read = head("a.csv", "1,tea,2017-11-30\n2,jam,2017-11-30\n")
    assert not read.layout.header
    assert read.rows.column_names == ["_c0", "_c1", "_c2"]
    assert read.rows.num_rows == 2


def test_a_column_without_a_name(head):
    assert head("a.csv", ",item\n0,tea\n").rows.column_names == ["_c0", "item"]


def test_fields_that_go_over_lines(head):
    read = head("a.csv", 'item,title\n1,"Tea,\ngreen"\n2,"6"" plate"\n')
    assert read.layout.multi_line
    assert read.rows["title"].to_pylist() == ["Tea,\ngreen", '6" plate']


def test_rows_that_do_not_have_the_columns_of_the_header(head):
    read = head("a.csv", "order,item\n1,tea\n2\n3,jam,4\n4,cup\n")
    assert (read.rows["order"].to_pylist(), read.ragged) == (["1", "4"], 2)


@pytest.mark.parametrize("name", ["a.csv", "a.json"])
def test_a_text_of_more_than_a_megabyte_and_signs_of_all_kinds(head, name):
    texts = ["M" * 1_200_000, "'; DROP TABLE items; --", "$(touch x)", "\u202etxt\x1b[31m"]
    lines = [f'"{text}",1' for text in texts]
    if name == "a.json":
        lines = [json.dumps({"item": text, "qty": "1"}) for text in texts]
    content = "\n".join([*(["item,qty"] if name == "a.csv" else []), *lines]) + "\n"
    assert head(name, content).rows["item"].to_pylist() == texts


def test_objects_a_line(head):
    read = head("a.json", '{"order": 1, "item": "tea"}\n{"order": 2}\n')
    assert read.layout == Layout("json")
    assert read.rows.to_pylist() == [{"order": 1, "item": "tea"}, {"order": 2, "item": None}]


def test_a_packed_file(tmp_path):
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"order,item\n1,tea\n"))
    assert heads.read([path])[0].rows.num_rows == 1


def test_parquet(tmp_path):
    parquet.write_table(pa.table({"order": [1, 2]}), tmp_path / "a.parquet")
    (read,) = heads.read([tmp_path / "a.parquet"])
    assert (read.layout, read.rows.num_rows, read.is_whole) == (Layout("parquet"), 2, True)


def test_of_a_long_file_the_first_whole_lines(tmp_path, monkeypatch):
    monkeypatch.setattr(heads, "BYTES", 2 << 20)
    path = tmp_path / "a.csv"
    path.write_text("order,item\n" + "1,tea\n" * 400_000, encoding="utf-8")
    (read,) = heads.read([path])
    assert not read.is_whole
    assert read.rows.num_rows == ((2 << 20) - len("order,item\n")) // len("1,tea\n")


def test_files_of_the_same_columns_are_one_head(tmp_path):
    texts = {
        "a.csv": "order,item\n1,tea\n",
        "b.csv": "item,order\nK\xe4se,2\n",
        "c.csv": "sku\nx\n",
    }
    for name, text in texts.items():
        (tmp_path / name).write_bytes(text.encode("iso-8859-1"))
    both, other = heads.read([tmp_path / name for name in texts])
    assert [path.name for path in both.paths] == ["a.csv", "b.csv"]
    assert both.encodings == ("US-ASCII", "windows-1252")
    assert both.layout.encoding == "windows-1252"
    assert both.rows.to_pylist() == [{"order": "1", "item": "tea"}, {"order": "2", "item": "Käse"}]
    assert [path.name for path in other.paths] == ["c.csv"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.zip", b"PK", "a.zip: .zip files are not read: unpack it, or pack it with gzip."),
        ("a.xlsx", b"PK", "a.xlsx: .xlsx files are not read: save the sheet as CSV."),
        ("a.csv", b" \n", "a.csv is empty: deliver it again, or leave it out."),
        ("a.json", b'[{"a": 1}]', "a.json is one JSON array: write one object a line."),
    ],
)
def test_what_is_not_read(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(JobError) as refused:
        heads.read([tmp_path / name])
    assert str(refused.value).replace(f"{tmp_path}/", "") == said


def test_a_packed_file_that_was_cut_short(tmp_path):
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"order,item\n" * 9999)[:40])
    with pytest.raises(JobError, match="cannot be read"):
        heads.read([path])


def test_names_folders_and_globs_as_hadoop_reads_them(tmp_path):
    for name in ("a.csv", "b.csv", "c.txt", "_temporary", ".hidden"):
        (tmp_path / name).touch()

    def names(path):
        return [file.name for file in heads.matching(f"{tmp_path}{path}")]

    assert names("") == names("/*") == ["a.csv", "b.csv", "c.txt"]
    assert names("/a.csv") == ["a.csv"]
    assert names("/*.csv") == ["a.csv", "b.csv"]
    assert names("/{a,c}.*") == ["a.csv", "c.txt"]
    assert names("/d.csv") == []
