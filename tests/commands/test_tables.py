"""`alsobought tables`: what each table holds, and the run that wrote it."""

from tests.command import printed


def test_tables_tells_what_each_table_holds_and_which_run_wrote_it(warehouse):
    code, lines = printed("tables")
    rows = {line.split()[0]: line.split()[1:] for line in lines}
    assert code == 0
    assert lines[0] == "table rows version as-of days first last written (UTC) size run"
    assert lines[1] == "purchases not built"
    assert rows["related_items"][:5] == ["5", "0", "2", "2024-01-01", "2024-01-02"]
    assert rows["related_items"][-5:] == ["0.0", "MB", "related_items", "2024-01-02", "0.1.0"]
    assert rows["items"][:2] == ["8", "0"]
