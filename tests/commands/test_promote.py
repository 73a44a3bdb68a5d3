"""`alsobought promote`: the job by hand, from tables to the decision that is printed."""

import json
from dataclasses import dataclass
from datetime import date

import pytest

from alsobought.commands.promote import PromoteOptions, decided, decision_that_holds, tell
from alsobought.errors import JobError
from alsobought.runtime import job as jobs
from alsobought.runtime.run import context
from alsobought.runtime.serving import decisions
from alsobought.runtime.warehouse import Warehouse
from alsobought.tables.copurchase import ITEM_STATISTICS
from alsobought.tables.evaluate import EVALUATIONS
from alsobought.tables.purchases import PURCHASES
from alsobought.tables.recommend import RECOMMENDATIONS
from alsobought.tables.related import RELATED_ITEMS
from alsobought.tables.serving import Decision, State
from tests.command import printed
from tests.commands.serving_tables import (
    FIRST,
    SECOND,
    THIRD,
    at,
    ids_of,
    listed,
    recommended,
    write,
)
from tests.project import Project, toml

SECTION = {
    "models": ["calibrated"], "k": 6, "margin": 0.01, "min_rows_share": 0.8,
    "max_changed_share": 0.5, "min_items_with_list": 0.5, "min_customers_with_list": 0.9,
    "customer_days": 28, "max_age_days": 2,
}  # fmt: skip
ITEM = {"unit": "order", "market": "all", "item_id": "tea"}
LINE = {"market": "all", "order_id": "o", "item_id": "tea", "quantity": 1.0, "source_file": "a.csv"}


@dataclass
class Shop:
    """A project with lists of some days, whose gate is run by `promote`."""

    project: Project

    @property
    def tables(self):
        return self.project.home / "tables"

    def lists(self, day, items="jam oil", rate=None):
        """Write the lists of a day, and its evaluation where a hit rate is given."""
        versions = {
            RELATED_ITEMS.name: write(self.tables, RELATED_ITEMS, listed("tea", items), day),
            RECOMMENDATIONS.name: write(
                self.tables, RECOMMENDATIONS, recommended("ann", items), day
            ),
        }
        blank = dict.fromkeys(ITEM_STATISTICS.names, 1)
        statistics = blank | ITEM | {"share": 0.5, "other_purchases": []}
        write(self.tables, ITEM_STATISTICS, [statistics], day)
        if rate is not None:
            rows = [
                {
                    "cut_off": date(2023, 12, 1), "model": "calibrated", "items": items,
                    "segment_by": "everyone", "segment": "all", "metric": "hit", "k": 6,
                    "customers": 50, "value": rate,
                }
                for items in ("new", "all")
            ]  # fmt: skip
            write(self.tables, EVALUATIONS, rows, day)
        return State(day, versions, ids_of(self.tables, versions))

    def promote(self, day):
        """What the command does of its options on: the decision that it prints."""
        conf = self.project.conf
        (self.project.home / "conf" / "test.toml").write_text(toml(conf), encoding="utf-8")
        job = jobs.load(self.project.home, "promotions")
        where = context(self.project.home, "test", day, [job])
        return decided(job, where, self.project.spark)

    def served(self):
        """What is served now, and by how many decisions."""
        so_far = decisions(Warehouse(str(self.tables)))
        return so_far[-1].served, len(so_far)


@pytest.fixture
def shop(project):
    for name in ("recommendations", "evaluations"):
        (project.home / "jobs" / f"{name}.py").touch()
    project.conf["jobs"] |= {"promotions": SECTION, "recommendations": {}, "evaluations": {}}
    made = Shop(project)
    lines = [LINE | {"customer_id": "ann", "line": str(d), "purchased_at": at(d)} for d in (1, 2)]
    write(made.tables, PURCHASES, lines)
    return made


def test_from_the_first_lists_to_worse_ones_and_a_day_that_is_run_again(shop, capsys):
    first = shop.lists(FIRST.replace(day=2))
    decision = shop.promote(first.as_of)
    assert (decision["decision"], decision["reasons"]) == ("promoted", ["All 13 checks hold."])
    assert shop.served() == (first, 1)

    worse = shop.lists(THIRD, "jam")
    refused = shop.promote(THIRD)
    assert (refused["decision"], refused["served_as_of"]) == ("refused", first.as_of)
    rows, _ = refused["reasons"]
    assert rows.startswith("related_items has 1 rows, and 2 are served: 0.500 of them")
    assert refused["checks"][-1]["reason"] == (
        "Neither 2024-01-03 nor the served day has lists of earlier days to be judged."
    )
    capsys.readouterr()
    with pytest.raises(JobError) as error:
        tell(refused, PromoteOptions(), THIRD)
    assert str(error.value) == (
        f"2024-01-03 is not promoted, 2024-01-02 stays served: {' '.join(refused['reasons'])}"
    )
    shown = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "check value limit holds" in shown
    assert "related_items: rows 0.5000 0.8000 no" in shown

    assert shop.promote(THIRD) == refused  # again: the same refusal, and no other row
    shop.lists(first.as_of, "salt", rate=0.5)  # the served day again: what is served stays
    assert shop.served() == (first, 2)
    better = shop.lists(THIRD, "jam oil", rate=0.49)
    assert worse.versions != better.versions
    third = shop.promote(THIRD)
    assert shop.served() == (better, 3)
    # not with 0.5 of the served day's evaluation, which came after it was promoted
    assert [check["reason"] for check in third["checks"]][-1] == (
        "hit@6 of calibrated, all items is 0.4900; there is none of when the served lists were "
        "promoted."
    )
    capsys.readouterr()
    tell(third, PromoteOptions(as_json=True), THIRD)
    out, err = capsys.readouterr()
    assert err == "2024-01-03 is served from here on, by decision 3.\n"
    assert json.loads(out)[0] == {
        "number": 3, "decided_as_of": "2024-01-03", "decision": "promoted",
        "served_as_of": "2024-01-03", "check": "day", "value": 1.0, "limit": 0.0, "passed": True,
        "reason": "2024-01-03 is 1 days after 2024-01-02.",
    }  # fmt: skip

    assert shop.promote(THIRD) is None
    capsys.readouterr()
    tell(None, PromoteOptions(), THIRD)
    assert capsys.readouterr().out == "2024-01-03 is served already.\n"
    assert shop.served() == (better, 3)


def test_what_was_rolled_back_does_not_come_back_by_itself(shop, monkeypatch):
    first, second = shop.lists(SECOND, rate=0.5), shop.lists(THIRD, rate=0.5)
    shop.promote(SECOND)
    shop.promote(THIRD)
    monkeypatch.setenv("ALSOBOUGHT_HOME", str(shop.project.home))
    assert printed("rollback", "--env", "test") == (
        0, ["2024-01-02 is served again, as by decision 1; it was 2024-01-03 (decision 3)."]
    )  # fmt: skip
    assert shop.served() == (first, 3)
    assert shop.promote(THIRD)["reasons"] == [
        "The lists of 2024-01-03 were rolled back by decision 3: run their jobs again, or "
        "alsobought rollback --to 2024-01-03."
    ]
    assert printed("rollback", "--env", "test", "--to", "2024-01-03")[0] == 0
    assert shop.served() == (second, 5)
    assert shop.promote(SECOND)["reasons"][0].startswith("2024-01-02 is before 2024-01-03, which")


def test_the_evaluation_that_counts_is_that_by_which_the_served_lists_were_promoted(shop):
    shop.lists(SECOND, rate=0.5)
    shop.promote(SECOND)
    shop.lists(SECOND, "oil jam", rate=0.1)  # run again, and judged anew
    shop.lists(THIRD, rate=0.48)
    assert shop.promote(THIRD)["reasons"] == [
        f"hit@6 of calibrated, {items} items is 0.4800, and 0.5000 of the served lists; it may be "
        f"0.01 lower (margin)."
        for items in ("new", "all")
    ]


def test_which_decision_holds():
    first, second = State(FIRST, {}, {}), State(SECOND, {}, {})
    log = [
        Decision(1, "promoted", FIRST, first), Decision(2, "promoted", SECOND, second),
        Decision(3, "refused", FIRST, second),
    ]  # fmt: skip
    assert decision_that_holds(log, 2, FIRST) == 3  # it was added
    assert decision_that_holds(log, 3, FIRST) == 3  # it says no more than before
    assert decision_that_holds(log, 3, SECOND) is None  # it is served
    back = [*log, Decision(4, "rolled_back", SECOND, first)]
    assert decision_that_holds(back, 4, FIRST) is None
    assert decision_that_holds([], 0, FIRST) is None


def test_without_lists_there_is_nothing_to_promote(shop, monkeypatch):
    monkeypatch.setenv("ALSOBOUGHT_HOME", str(shop.project.home))
    (shop.project.home / "conf" / "test.toml").write_text(toml(shop.project.conf), "utf-8")
    assert printed("promote", "--env", "test") == (
        1, ["error: related_items is not built yet: run the job related_items first."]
    )  # fmt: skip
