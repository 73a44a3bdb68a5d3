"""`alsobought rollback`: in one commit what was served before, and why where that cannot be."""

import json
import shutil
import threading
from pathlib import Path

import pytest
from deltalake import DeltaTable

from alsobought.runtime.serving import decisions
from alsobought.runtime.warehouse import Warehouse
from alsobought.tables.recommend import RECOMMENDATIONS
from tests.command import printed, separately
from tests.commands.serving_tables import FIRST, SECOND, THIRD, decide, lists_of, recommended, write


@pytest.fixture
def served(catalogue):
    """Lists of two days, each promoted; returns the folder of the tables."""
    first = lists_of(catalogue, FIRST, "jam")
    second = lists_of(catalogue, SECOND, "milk")
    decide(catalogue, ("promoted", FIRST, first), ("promoted", SECOND, second))
    return catalogue


def test_rollback_serves_what_was_served_before(served):
    said = "2024-01-01 is served again, as by decision 1; it was 2024-01-02 (decision 3)."
    assert printed("rollback") == (0, [said])
    rows = DeltaTable(f"{served}/promotions").to_pyarrow_table().to_pylist()
    row = max(rows, key=lambda row: row["number"])
    before = next(row for row in rows if row["number"] == 1)
    assert row == {
        "number": 3, "decided_as_of": SECOND, "decision": "rolled_back", "served_as_of": FIRST,
        "served_versions": before["served_versions"], "served_tables": before["served_tables"],
        "served_hit_rates": [], "checks": [], "reasons": [said],
    }  # fmt: skip
    (commit,) = DeltaTable(f"{served}/promotions").history(1)
    assert json.loads(commit["userMetadata"])["job"] == "promotions"


def test_rollback_to_a_day_for_programs(served):
    decide(served, ("promoted", THIRD, lists_of(served, THIRD, "rice")))
    code, out, err = separately("rollback", "--to", "2024-01-01", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out) == [
        {
            "number": 4, "decided_as_of": "2024-01-03", "decision": "rolled_back",
            "served_as_of": "2024-01-01",
            "reason": "2024-01-01 is served again, as by decision 1; it was 2024-01-03 "
            "(decision 4).",
        }
    ]  # fmt: skip
    assert printed("rollback", "--to", "2024-01-03")[0] == 0
    assert [d.decision for d in decisions(Warehouse(str(served)))][3:] == ["rolled_back"] * 2


def test_what_cannot_be_rolled_back_is_a_sentence_and_writes_nothing(served):
    assert printed("rollback", "--to", "2023-12-31") == (
        3, ["error: 2023-12-31 was never promoted; promoted were 2024-01-01, 2024-01-02."]
    )  # fmt: skip
    assert printed("rollback", "--to", "2024-01-02") == (
        1, ["error: 2024-01-02 is served already (decision 2)."]
    )  # fmt: skip
    assert printed("rollback", "--to", "yesterday") == (
        1, ["error: --to 'yesterday' is not a day: write it as 2017-12-01."]
    )  # fmt: skip
    assert printed("rollback")[0] == 0
    assert printed("rollback") == (
        1,
        [
            "error: Nothing was served before 2024-01-01 (decision 1), so there is nothing to go "
            "back to."
        ],
    )
    assert len(decisions(Warehouse(str(served)))) == 3


@pytest.mark.usefixtures("catalogue")
def test_without_a_log_nothing_is_served():
    nothing = "error: Nothing is served yet: run the job promotions, or alsobought promote, once"
    for words in (["rollback"], ["show", "tea", "--served"], ["recommend", "ann", "--served"]):
        assert printed(*words) == (1, [f"{nothing} there are lists."])


def test_lists_that_were_vacuumed_cannot_be_served_again(served):
    write(served, RECOMMENDATIONS, recommended("ann", "salt"), FIRST)  # the day is run again
    table = DeltaTable(f"{served}/recommendations")
    removed = table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
    assert len(removed) == 1
    file = served / "recommendations" / removed[0]
    gone = (
        f"error: The lists of 2024-01-01 cannot be served: version 1 of recommendations is no "
        f"longer readable (its data file {file} is not there, as after VACUUM). Run the job "
        f"recommendations --as-of 2024-01-01, then alsobought promote --as-of 2024-01-01."
    )
    assert printed("rollback") == (1, [gone])
    assert len(decisions(Warehouse(str(served)))) == 2
    log = served / "related_items" / "_delta_log"
    for version in (0, 1):
        (log / f"{version:020}.json").unlink()
    code, (said,) = printed("rollback")
    assert code == 1
    assert "version 1 of related_items is no longer readable (its log does not go back so" in said
    shutil.rmtree(served / "related_items")
    assert "readable (the table is not there)" in printed("rollback")[1][0]
    lists_of(served, FIRST, "rice")
    assert "readable (the table was made anew since)" in printed("rollback")[1][0]


def test_readers_see_both_tables_of_one_day_whatever_is_decided_meanwhile(served):
    """Each day's two tables hold one mark; a reader that mixed days would see two."""
    decide(served, ("promoted", THIRD, lists_of(served, THIRD, "rice")))
    marks, stop = [], threading.Event()

    def read():
        while not stop.is_set():
            marks.append(seen(served))

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(4):
        assert printed("rollback", "--to", str(FIRST))[0] == 0
        lists_of(served, FIRST, "salt")  # the served day is run again meanwhile
        assert printed("rollback", "--to", str(SECOND))[0] == 0
    stop.set()
    reader.join()
    assert {len({related, recommended}) for related, recommended in marks} == {1}
    assert {related for related, _ in marks} >= {"jam", "milk"}
    assert not any("salt" in mark for mark in marks)


def seen(tables: Path):
    """What a reader of the served tables is shown: tea's first item and ann's."""
    log = DeltaTable(f"{tables}/promotions").to_pyarrow_table()
    row = log.sort_by("number").slice(log.num_rows - 1).to_pylist()[0]
    versions, day = dict(row["served_versions"]), row["served_as_of"]
    shown = []
    for name, column in (("related_items", "related_item_id"), ("recommendations", "item_id")):
        table = DeltaTable(f"{tables}/{name}", version=versions[name])
        rows = table.to_pyarrow_table(partitions=[("as_of", "=", str(day))])
        shown.append(rows[column][0].as_py())
    return tuple(shown)
