"""`alsobought rejects`: counts by reason, and where rejected rows stand in their files."""

import json

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from tests.command import printed, separately

LINES = """customer,order,item,time
c1,o1,tea,2024-01-01
c1,,milk,2023-11-31
c2,o2,jam,2024-01-01
c2,o2,jam,2024-01-01
c1,o1,salt
"""
BROKEN = ["no_order_and_no_customer", "unreadable_time"]
ROWS = [
    (BROKEN, '{"customer":"c1","item":"milk","time":"2023-11-31"}'),
    (["duplicate"], '{"customer_id":"c2","order_id":"o2","item_id":"jam"}'),
    (["unreadable_row"], "c1,o1,salt"),
]
MILK = '"{""customer"":""c1"",""item"":""milk"",""time"":""2023-11-31""}"'


@pytest.fixture
def rejected(warehouse, tmp_path):
    """A file of five lines, of which three were rejected."""
    path = tmp_path / "a file.csv"
    path.write_text(LINES, encoding="utf-8")
    uri = f"file:{path}".replace(" ", "%20")
    columns = {
        "source_file": [uri] * 3,
        "reasons": [reasons for reasons, _ in ROWS],
        "row": [row for _, row in ROWS],
        "copies": [1, 1, 1],
    }
    write_deltalake(str(warehouse / "rejected_purchases"), pa.table(columns))
    return path


def test_counts_by_reason_and_a_sample_with_file_and_lines(rejected):
    assert printed("rejects", "test") == (
        0,
        [
            "source reason rows files",
            "purchases duplicate 1 1",
            "purchases no_order_and_no_customer 1 1",
            "purchases unreadable_row 1 1",
            "purchases unreadable_time 1 1",
            "A sample, of which a row may have broken several rules:",
            "file line reasons row",
            f"{rejected} 6 unreadable_row c1,o1,salt",
            f"{rejected} 3 no_order_and_no_customer, unreadable_time"
            " customer c1, item milk, time 2023-11-31",
            f"{rejected} 4, 5 duplicate customer_id c2, order_id o2, item_id jam",
        ],
    )
    assert len(printed("rejects", "test", "--top", "1")[1]) == 8
    assert len(printed("rejects", "test", "--top", "0")[1]) == 5


def test_the_sample_is_of_all_tables(rejected, warehouse):
    events = {
        "source": ["offers"] * 3, "source_file": ["file:/none.csv"] * 3,
        "reasons": [["missing_offer_id"]] * 3, "row": ["a", "b", "c"], "copies": [1] * 3,
    }  # fmt: skip
    write_deltalake(str(warehouse / "rejected_events"), pa.table(events))

    def sample(top):
        lines = printed("rejects", "test", "--top", top)[1]
        return [line.split()[-1] for line in lines[lines.index("file line reasons row") + 1 :]]

    assert len(sample("2")) == 2
    assert sample("4")[3:] == ["a"]
    assert len(sample("9")) == 6


def test_one_reason_alone(rejected):
    assert printed("rejects", "test", "--reason", "unreadable_row") == (
        0,
        [
            "source reason rows files",
            "purchases unreadable_row 1 1",
            "A sample, of which a row may have broken several rules:",
            "file line reasons row",
            f"{rejected} 6 unreadable_row c1,o1,salt",
        ],
    )
    assert printed("rejects", "test", "--reason", "late") == (
        3,
        [
            "error: No rejected row has the reason 'late'; there are: duplicate, "
            "no_order_and_no_customer, unreadable_row, unreadable_time."
        ],
    )


def test_for_programs_counts_or_with_a_reason_rows(rejected):
    counts = json.loads(separately("rejects", "test", "--json")[1])
    assert counts[0] == {"source": "purchases", "reason": "duplicate", "rows": 1, "files": 1}
    assert separately("rejects", "test", "--reason", "unreadable_time", "--csv") == (
        0,
        "source,file,line,reasons,copies,row\n"
        f'purchases,{rejected},3,"no_order_and_no_customer, unreadable_time",1,{MILK}\n',
        "",
    )


def test_all_rows_of_a_reason_as_a_file(rejected, tmp_path):
    to = tmp_path / "rejects.csv"
    code, lines = printed("rejects", "test", "--reason", "unreadable_time", "--to", str(to))
    assert (code, lines[0]) == (0, f"1 rows: {to}")
    assert to.read_text(encoding="utf-8") == (
        "source,file,reasons,copies,row\n"
        f'purchases,{rejected},"no_order_and_no_customer, unreadable_time",1,{MILK}\n'
    )
    assert printed("rejects", "test", "--to", f"{tmp_path}/none/r.csv") == (
        1,
        [f"error: {tmp_path}/none/r.csv cannot be written: No such file or directory."],
    )


def test_nothing_is_rejected(warehouse):
    assert printed("rejects", "test") == (0, ["No row is rejected."])
    assert separately("rejects", "test", "--json") == (0, "[]\n", "")
