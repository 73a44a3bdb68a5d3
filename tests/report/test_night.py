"""What is said of a night: the verdict, the runs, what came in."""

import json
from datetime import UTC, date, datetime

import pytest

from alsobought.report import night

DAY, BEFORE = date(2024, 1, 3), date(2024, 1, 2)


def decision(number, what, day, served, reasons=("why",), checks=()):
    return {
        "number": number, "decision": what, "decided_as_of": day, "served_as_of": served,
        "served_versions": [], "served_tables": [], "served_hit_rates": [],
        "reasons": list(reasons), "checks": list(checks),
    }  # fmt: skip


FIRST = decision(1, "promoted", BEFORE, BEFORE)


@pytest.mark.parametrize(
    ("later", "mark", "headline"),
    [
        ([], night.UNDECIDED, "Nobody has decided about the lists of 2024-01-03."),
        ([("promoted", DAY)], night.GOES_OUT, "Yes. The lists of 2024-01-03 go out."),
        (
            [("refused", BEFORE)],
            night.HELD_BACK,
            "No. The lists of 2024-01-03 stay back; the lists of 2024-01-02 are served.",
        ),
        (
            [("promoted", DAY), ("rolled_back", BEFORE)],
            night.HELD_BACK,
            "No. The lists of 2024-01-03 were rolled back; the lists of 2024-01-02 are served.",
        ),
        (
            [("refused", None)],
            night.HELD_BACK,
            "No. The lists of 2024-01-03 stay back; nothing is served.",
        ),
    ],
)
def test_the_verdict_is_the_last_decision_about_the_day(later, mark, headline):
    log = [FIRST, *(decision(n, what, DAY, on) for n, (what, on) in enumerate(later, 2))]
    verdict = night.verdict(log, DAY, "shop")
    assert (verdict.mark, verdict.headline) == (mark, headline)


def test_an_undecided_night_says_what_is_served_and_what_to_run():
    verdict = night.verdict([FIRST, decision(2, "promoted", date(2024, 1, 9), None)], DAY, "shop")
    assert verdict.sentences == ["The lists of 2024-01-02 are served."]
    assert verdict.command == "alsobought promote --env shop --as-of 2024-01-03"
    assert night.verdict([], DAY, "shop").sentences == ["Nothing is served."]


def test_an_earlier_night_says_what_has_come_since():
    log = [FIRST, decision(2, "promoted", DAY, DAY)]
    assert night.verdict(log, BEFORE, "shop").sentences[-1] == (
        "Since then: the lists of 2024-01-03 are served."
    )


def test_checks_are_shown_with_figures():
    check = {"name": "rows", "value": 0.98765, "limit": 0.8, "passed": True, "reason": None}
    log = [decision(1, "promoted", DAY, DAY, (), [check])]
    verdict = night.verdict(log, DAY, "shop")
    assert verdict.sentences == ["All 1 checks of the gate hold."]
    assert verdict.checks == [check | {"shown": {"value": "0.9877", "limit": "0.8000"}}]


RUN = {"as_of": "2024-01-03", "account": {
    "read": 10, "good": 7, "rejected": 3, "by_reason": {"a": 1, "c": 2, "b": 2},
}}  # fmt: skip


def test_rows_read_are_good_and_rejected_ones():
    intake = night.intake("purchases", RUN, {"b": ["1", "2", "3", "4"]})
    assert (intake.read, intake.good, intake.rejected) == (10, 7, 3)
    assert intake.rejected_share == 0.3
    assert intake.reasons == [
        {"reason": "b", "rows": 2, "examples": ["1", "2", "3"]},
        {"reason": "c", "rows": 2, "examples": []}, {"reason": "a", "rows": 1, "examples": []},
    ]  # fmt: skip
    assert night.intake("items", {"as_of": "2024-01-03"}, {}) is None


def test_of_a_rejected_row_only_open_columns_are_shown():
    row = json.dumps({"customer": "ann", "sku": "tea", "when": "", "qty": -1, "note": {"x": 1}})
    shown = night.shown_row(row, ["sku", "when", "qty"])
    assert shown == "customer: (hidden), sku: tea, when: empty, qty: -1, note: (hidden)"
    assert "ann" not in night.shown_row("ann;tea;1", ["sku"])
    assert "ann" not in night.shown_row('["ann"]', ["sku"])
    assert len(night.shown_row(json.dumps({"sku": "x" * 1_000_000}), ["sku"])) < 100


def run(job, minute, outcome="done", seconds=4.0, usual=2.0, day=DAY):
    return {
        "job": job, "as_of": day, "started_at": datetime(2024, 1, 3, 0, minute, tzinfo=UTC),
        "seconds": seconds, "outcome": outcome, "usual_seconds": usual,
    }  # fmt: skip


def test_each_jobs_last_try_counts():
    runs = [run("b", 1, "failed"), run("a", 2), run("b", 3), run("c", 4, "unchanged"),
            run("c", 5, day=BEFORE), run("d", 6, usual=None)]  # fmt: skip
    shown = [(r["job"], r["outcome"], r["tries"], r["times"]) for r in night.last_tries(runs, DAY)]
    assert shown == [("a", "done", 1, 2.0), ("b", "done", 2, 2.0), ("c", "unchanged", 1, None),
                     ("d", "done", 1, None)]  # fmt: skip


def test_tables_are_so_many_days_behind():
    table = night.Freshness("t", "", is_built=True, newest="2024-01-01", keeps_days=True)
    assert table.lag(DAY) == 2
    assert night.Freshness("t", "", is_built=False).lag(DAY) is None
