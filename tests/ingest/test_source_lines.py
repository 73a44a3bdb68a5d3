"""In which lines of a file rejected rows stand."""

import gzip

import pytest

from alsobought.ingest.settings import ItemSource, PurchaseSource
from alsobought.ingest.source_lines import RejectedRow, lines_of

CSV = 'item,title\ntea,"Green\ntea"\njam,Plum\n,Tea\njam, Plum \n'


def source(**more):
    values = {"path": "x", "format": "csv", "columns": {"item_id": "item", "title": "title"}}
    return ItemSource.model_validate(values | more)


def row(text, copies=1, *, duplicate=False):
    return RejectedRow(text, duplicate, copies)


@pytest.fixture
def file(tmp_path):
    def made(name, content):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return made


def test_a_record_after_a_field_of_a_megabyte(file):
    path = file("a.csv", f"item,title\njam,{'M' * 1_000_000}\n,Tea\n".encode())
    assert lines_of(path, source(), [row('{"title":"Tea"}')]) == [[3]]


def test_the_first_line_of_each_record_that_reads_so(file):
    path = file("a.csv", CSV.encode())
    wanted = [
        row('{"title":"Tea"}'),
        row('{"item":"jam","title":"Plum"}', 2),
        row('{"item":"tea","title":"Green\\ntea"}'),
        row('{"item":"milk"}'),
        row('{"item_id":"jam"}', duplicate=True),
    ]
    assert lines_of(path, source(), wanted) == [[5], [4, 6], [2], [], [4, 6]]
    packed = file("a.csv.gz", gzip.compress(CSV.encode()))
    assert lines_of(packed, source(), wanted[:1]) == [[5]]


def purchases(**more):
    columns = {"item_id": "item", "order_id": "order", "purchased_at": "time"} | more
    values = {
        "path": "x", "format": "csv", "columns": columns, "time_zone": "UTC",
        "max_rejected_share": 0.0, "max_future_share": 0.0,
    }  # fmt: skip
    return PurchaseSource.model_validate(values)


def test_a_duplicate_has_the_line_and_the_market_of_the_one_that_stayed(file):
    lines = "o1,tea,1,at\no1,tea,2,at\no1,tea,1,\no1,tea,2,at\n,tea,7,at\no1,tea,1,at"
    path = file("a.csv", f"order,item,line,market\n{lines}\n".encode())
    told = '{"item_id":"tea","order_id":"o1","line":"%s","market":"%s"}'
    wanted = [row(told % of_line, duplicate=True) for of_line in [(1, "at"), (2, "at"), (1, "all")]]
    wanted.append(row('{"item_id":"tea","line":"-7","market":"at"}', duplicate=True))
    source = purchases(line="line", market="market")
    assert lines_of(path, source, wanted) == [[2, 7], [3, 5], [4], [6]]


def test_a_duplicate_whose_ids_were_written_as_floats(file):
    path = file("a.csv", b"order,item\n7.0,10.0\n7,11.0\n7.0,10\n007.0,10\n")
    wanted = row('{"item_id":"10","order_id":"7","line":"9f","market":"all"}', duplicate=True)
    assert lines_of(path, purchases(), [wanted]) == [[2, 4]]


def test_no_lines_of_a_duplicate_where_more_have_its_ids_than_can_be_meant(file):
    """Without line ids: those of o1 may differ in their time."""
    path = file("a.csv", b"order,item\no1,tea\no1,tea\no1,tea\no2,tea\no2,tea\n")
    told = '{"item_id":"tea","order_id":"%s","line":"9f","market":"all"}'
    wanted = [row(told % order, duplicate=True) for order in ("o1", "o2")]
    assert lines_of(path, purchases(), wanted) == [[], [5, 6]]
    assert lines_of(path, purchases(), [row(told % "o1", 2, duplicate=True)]) == [[2, 3, 4]]


def test_a_raw_line_and_a_file_without_a_header(file):
    path = file("a.csv", "tea\njäm;x;y\n".encode("latin-1"))
    latin = source(encoding="ISO-8859-1", delimiter=";", header=False, columns={"item_id": "_c0"})
    assert lines_of(path, latin, [row("jäm;x;y"), row('{"_c0":"tea"}')]) == [[2], [1]]


def test_lines_of_json_by_the_text_of_their_numbers(file):
    path = file("a.json", b'{"item": 1.50, "ok": true}\n{broken\n{"item": 2}\n')
    wanted = [row('{"item":"1.50","ok":"true"}'), row("{broken"), row('{"item":"2"}')]
    assert lines_of(path, source(format="json"), wanted) == [[1], [2], [3]]


def test_no_lines_of_what_is_not_there_or_no_text(file, tmp_path):
    assert lines_of(tmp_path / "none.csv", source(), [row("x")]) == [[]]
    path = file("a.parquet", b"PAR1")
    assert lines_of(path, source(format="parquet"), [row("x")]) == [[]]
    broken = file("b.csv.gz", gzip.compress(CSV.encode())[:20])
    assert lines_of(broken, source(), [row('{"item":"jam"}')]) == [[]]
