"""`alsobought tables`: what each table holds, and the run that wrote it."""

import json

from tests.command import printed, separately


def test_tables_tells_what_each_table_holds_and_which_run_wrote_it(warehouse):
    code, lines = printed("tables")
    rows = {line.split()[0]: line.split()[1:] for line in lines}
    assert code == 0
    assert lines[0] == "table rows version as-of days first last written (UTC) size run"
    assert lines[1] == "purchases not built"
    assert rows["related_items"][:5] == ["5", "0", "2", "2024-01-01", "2024-01-02"]
    assert rows["related_items"][-5:] == ["0.0", "MB", "related_items", "2024-01-02", "0.1.0"]
    assert rows["items"][:2] == ["8", "0"]


def test_for_programs_each_table_is_a_row_with_nulls_where_it_is_not_built(warehouse):
    code, out, err = separately("tables", "--json")
    rows = {row["table"]: row for row in json.loads(out)}
    assert (code, err) == (0, "")
    assert {value for name, value in rows["purchases"].items() if name != "table"} == {False, None}
    assert rows["related_items"] | {"bytes": 0, "written_at": ""} == {
        "table": "related_items", "is_built": True, "rows": 5, "version": 0, "as_of_days": 2,
        "first": "2024-01-01", "last": "2024-01-02", "written_at": "", "bytes": 0,
        "run": "related_items 2024-01-02 0.1.0",
    }  # fmt: skip
    assert separately("tables", "--csv")[1].splitlines()[0] == (
        "table,is_built,rows,version,as_of_days,first,last,written_at,bytes,run"
    )
