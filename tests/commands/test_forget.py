"""`alsobought forget`: a customer is in no file any more, others are as they were; and what cannot
be done is a sentence that has changed nothing."""

import json
import shutil
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from alsobought.runtime import forgotten
from alsobought.runtime.forgetting import Forgetting
from alsobought.tables.purchases import PURCHASES
from alsobought.tables.recommend import RECOMMENDATIONS
from tests.command import printed, separately
from tests.commands import forgetting_tables as shop
from tests.commands.forgetting_tables import GONE, STAYS, files_that_hold, texts_of, write
from tests.commands.serving_tables import FIRST, SECOND, decide, lists_of, recommended

FORGET = ("forget", GONE, "--env", "test")
ROWS = {  # removed from the newest versions
    "purchases": 3, "returned_purchases": 4, "rejected_purchases": 3, "offers": 1,
    "engagements": 2, "rejected_events": 1, "redemption_weights": 1, "recommendations": 2,
    "purchase_examples": 1,
}  # fmt: skip


@pytest.fixture
def tables(catalogue):
    """The shop's tables, with checkpoints, and older versions of a day and of purchases."""
    (catalogue.parent / "conf" / "test.toml").write_text(shop.TOML, encoding="utf-8")
    write(catalogue, RECOMMENDATIONS, recommended(GONE, "rice"), SECOND)  # run again below
    shop.write_all(catalogue)
    for name in ("purchases", "recommendations"):
        DeltaTable(str(catalogue / name)).create_checkpoint()
    return catalogue


@pytest.fixture
def before(tables, tmp_path_factory):
    """A copy of the tables as they were."""
    copy = tmp_path_factory.mktemp("before") / "tables"
    shutil.copytree(tables, copy)
    return copy


def state_of(tables):
    """Every file below the tables, with its bytes."""
    return {path: path.read_bytes() for path in tables.rglob("*") if path.is_file()}


def require_forgotten(tables, before):
    """Nothing tells of the customer, and of the others everything is as it was."""
    assert files_that_hold(tables, GONE) == []
    for name in ROWS:
        was = texts_of(before, name)
        others = [text for text in was if GONE not in text and "'order_id': 'o0'" not in text]
        assert texts_of(tables, name) == others, name
        assert len(was) - len(others) == ROWS[name], name
    assert texts_of(tables, "item_statistics") == texts_of(before, "item_statistics")


def test_a_customer_is_in_no_file_any_more_and_all_others_are_as_they_were(tables, before):
    assert len(files_that_hold(tables, GONE)) > 2 * len(ROWS)  # files, logs and checkpoints
    code, lines = printed(*FORGET)
    assert code == 0
    assert lines[0] == "table rows files as-of days"
    told = {line.split()[0]: int(line.split()[1]) for line in lines[1 : 1 + len(ROWS)]}
    assert told == ROWS
    said = " ".join(lines[1 + len(ROWS) :])
    assert "1 customer forgotten: 18 rows of 9 tables removed, 12 data files deleted." in said
    assert "that were read after it, none holds an id of theirs." in said
    assert "alsobought run --all --env test --as-of 2024-01-02" in said
    require_forgotten(tables, before)


def test_the_audit_and_the_list_of_the_forgotten_hold_hashes_alone(tables):
    assert printed(*FORGET)[0] == 0
    salt = bytes.fromhex((tables / forgotten.SALT_FILE).read_text())
    assert (tables / forgotten.SALT_FILE).stat().st_mode & 0o777 == 0o600
    of_gone = forgotten.hash_of(salt, forgotten.CUSTOMER, GONE)
    rows = DeltaTable(str(tables / "forgotten_customers")).to_pyarrow_table().to_pylist()
    assert {(row["kind"], row["hash"]) for row in rows} == {
        ("salt", forgotten.hash_of(salt, forgotten.SALT, "")),
        ("customer", of_gone),
        ("offer", forgotten.hash_of(salt, forgotten.OFFER, f"26-{GONE}")),
    }
    (audit,) = DeltaTable(str(tables / "forgettings")).to_pyarrow_table().to_pylist()
    rows = dict(audit.pop("rows"))
    assert audit == {"number": 1, "customers": [of_gone], "files": 12, "remains": 0}
    assert rows == ROWS


def test_a_commit_keeps_the_record_of_loaded_files_and_a_log_its_times(tables, before):
    log = tables / "purchases" / "_delta_log"
    first = log / f"{1:020}.json"
    shutil.rmtree(tables / "purchases")
    write(tables, PURCHASES, [shop.line(c, "o0", "tea", "1") for c in shop.CUSTOMERS])
    text = first.read_text()
    recorded = json.dumps(json.dumps(shop.RUN["purchases"]))
    was = json.dumps(json.dumps({"job": "purchases", "as_of": "None"}))
    assert was in text
    first.write_text(text.replace(was, recorded))
    time = first.stat().st_mtime_ns
    assert printed(*FORGET)[0] == 0
    assert first.stat().st_mtime_ns == time
    newest, former, _ = DeltaTable(str(tables / "purchases")).history()
    assert json.loads(former["userMetadata"])["job"] == "purchases"
    run = json.loads(newest["userMetadata"])
    assert (run["job"], run["loaded_files"]) == ("forget", "abc.json")


def test_a_dry_run_says_the_same_and_changes_nothing(tables):
    files = state_of(tables)
    code, out, err = separately(*FORGET, "--dry-run", "--json")
    assert code == 0
    assert {row["table"]: row["rows"] for row in json.loads(out)} == ROWS
    days = {row["table"]: row["days"] for row in json.loads(out)}
    assert days["recommendations"] == ["2024-01-01", "2024-01-02"]
    assert days["purchases"] == []
    assert err == "Nothing was changed.\n"
    assert state_of(tables) == files


def test_an_unknown_customer_is_a_sentence_and_nobody_is_forgotten(tables):
    files = state_of(tables)
    said = (
        f"error: No customer is called 'nobody', 'zoe': no table of {tables} has a row of that id, "
        f"so nothing was changed."
    )
    assert printed("forget", "zoe", GONE, "nobody", "--env", "test") == (3, [said])
    assert state_of(tables) == files


def test_a_second_call_has_nothing_to_do(tables, before):
    assert printed(*FORGET)[0] == 0
    code, lines = printed(*FORGET)
    assert code == 0
    assert lines[0] == "No table's newest version has a row of theirs."
    assert "0 data files deleted" in lines[1]
    require_forgotten(tables, before)
    assert len(DeltaTable(str(tables / "forgettings")).to_pyarrow_table()) == 2


@pytest.mark.parametrize("step", ["write_down", "commit", "_commit", "delete", "prove", "record"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_call_that_was_cut_short_is_ended_by_the_next(tables, before, monkeypatch, step, when):
    whole = getattr(Forgetting, step)

    def cut_short(*given):
        if when == "after":
            whole(*given)
        raise OSError("cut short")

    with monkeypatch.context() as patch:
        patch.setattr(Forgetting, step, cut_short)
        assert printed(*FORGET)[0] == 1
    assert printed(*FORGET)[0] == 0
    require_forgotten(tables, before)


def test_two_at_once_and_items_called_like_a_customer(tables, before):
    code, lines = printed("forget", "ann", GONE, "--env", "test")
    assert code == 0
    assert texts_of(tables, "purchases") == [
        text for text in texts_of(before, "purchases") if f"'customer_id': '{STAYS[1]}'" in text
    ]
    write(tables, PURCHASES, [shop.line(STAYS[1], "o5", "tea", "1")])
    write(tables, RECOMMENDATIONS, recommended(STAYS[1], "ann"), date(2024, 1, 3))
    code, lines = printed("forget", "ann", "--env", "test")
    assert code == 0
    assert "The same text is something else's in recommendations/as_of=2024-01-03/" in lines[-1]


def test_a_warehouse_on_a_uri_is_a_sentence(tables):
    conf = tables.parent / "conf" / "test.toml"
    conf.write_text(shop.TOML.replace('"tables"', '"s3a://shop/tables"'), encoding="utf-8")
    assert printed(*FORGET) == (
        1,
        [
            "error: The warehouse s3a://shop/tables is on a URI, and forget replaces files on a "
            "path alone, so nothing was changed: see docs/forgetting.md for what to do there."
        ],
    )


def test_files_that_are_no_tables_are_told_and_the_command_fails(tables):
    export = tables / "exports" / "lists.csv"
    export.parent.mkdir()
    export.write_text(f"key,items\n{GONE},tea\n{GONE}2,tea\n", encoding="utf-8")
    (tables / "redemptions").mkdir()  # source files, called like a table that is not built
    pq.write_table(pa.table({"offer_id": [f"28-{GONE}"]}), tables / "redemptions" / "a.parquet")
    code, lines = printed(*FORGET)
    assert code == 1
    assert lines[-1] == (
        "error: An id still stands in exports/lists.csv (a file of no table), "
        "redemptions/a.parquet (offer_id), redemptions/a.parquet (rows): let jobs that are under "
        "way end and forget again; what is no table of alsobought remove by hand."
    )
    left = ["exports/lists.csv", "redemptions/a.parquet"]
    assert files_that_hold(tables, GONE) == left
    assert DeltaTable(str(tables / "forgettings")).to_pyarrow_table()["remains"].to_pylist() == [3]


def test_what_a_run_that_died_has_left_goes_and_half_a_file_is_a_sentence(tables):
    part = next((tables / "purchases").glob("*.parquet"))
    aside = tables / ".purchases-first-0001" / "part-1.parquet"
    aside.parent.mkdir()
    shutil.copy(part, aside)
    half = tables / "recommendations" / "as_of=2024-01-02" / "part-half.parquet"
    half.write_bytes(part.read_bytes()[:100])
    files = state_of(tables)
    assert printed(*FORGET) == (
        1,
        [
            f"error: {half} is not a readable Parquet file: let a job that is writing it end, or "
            f"remove it if no version of recommendations names it; then forget again."
        ],
    )
    assert state_of(tables) == files
    half.unlink()
    assert printed(*FORGET)[0] == 0
    assert files_that_hold(tables, GONE) == []


# What is served.


@pytest.fixture
def served(tables):
    """Lists of two days, each promoted with rows of the customer."""
    decisions = []
    for day, others in ((FIRST, "jam"), (SECOND, "milk")):
        versions = lists_of(tables, day, others)
        rows = [row for c in ("ann", GONE) for row in recommended(c, others)]
        versions["recommendations"] = write(tables, RECOMMENDATIONS, rows, day)
        decisions.append(("promoted", day, versions))
    decide(tables, *decisions)
    return tables


def shown(customer):
    """The items of a customer's served lists."""
    code, out, _ = separately("recommend", customer, "--served", "--json")
    return [row["item_id"] for row in json.loads(out)] if code == 0 else code


def test_served_lists_are_served_on_without_the_customer_and_a_rollback_goes_back(served):
    assert (shown("ann"), shown(GONE)) == (["milk"], ["milk"])
    assert printed(*FORGET)[0] == 0
    assert (shown("ann"), shown(GONE)) == (["milk"], 3)
    newest = max(
        DeltaTable(str(served / "promotions")).to_pyarrow_table().to_pylist(),
        key=lambda row: row["number"],
    )
    version = DeltaTable(str(served / "recommendations")).version()
    assert (newest["number"], newest["decision"]) == (4, "promoted")
    assert newest["reasons"] == [
        "Customers were forgotten: the lists of 2024-01-02 are served without them "
        f"(recommendations of version {version})."
    ]
    assert printed("rollback") == (
        0, ["2024-01-01 is served again, as by decision 3; it was 2024-01-02 (decision 5)."]
    )  # fmt: skip
    assert (shown("ann"), shown(GONE)) == (["jam"], 3)
    assert files_that_hold(served, GONE) == []


def test_lists_that_are_served_and_were_made_again_since_are_a_sentence(served):
    write(served, RECOMMENDATIONS, recommended("ann", "salt"), SECOND)
    files = state_of(served)
    said = (
        "error: recommendations of 2024-01-02 was made again since it was promoted, so the lists "
        "that are served cannot be served without the customers, and nothing was changed: "
        "alsobought promote --as-of 2024-01-02, or alsobought rollback, then forget again."
    )
    assert printed(*FORGET) == (1, [said])
    assert state_of(served) == files
    assert printed("rollback")[0] == 0
    assert printed(*FORGET)[0] == 0
    assert files_that_hold(served, GONE) == []
    assert shown("ann") == ["jam"]


def test_served_lists_without_the_customer_stay_as_they_are(served):
    assert printed("forget", STAYS[1], "--env", "test")[0] == 0
    assert len(DeltaTable(str(served / "promotions")).to_pyarrow_table()) == 2
    assert shown("ann") == ["milk"]
