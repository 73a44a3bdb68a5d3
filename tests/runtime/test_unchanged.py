"""Jobs that would make again what they have made: skipped, unless anything has changed."""

import shutil
import sys
from dataclasses import replace
from datetime import date

import pytest
from deltalake import DeltaTable

from alsobought.runtime import job as jobs
from alsobought.runtime import progress, unchanged
from alsobought.runtime.run import context, execute_all
from tests.project import AS_OF, toml

LINES = "customer,order,item,time\nc1,o1,tea,2017-11-30\nc1,o1,jam,2017-11-30\n"
ALL = ("purchases", "items", "item_statistics")
AS_BEFORE = (
    "item_statistics: skipped, its inputs and parameters are as they were at its last commit for "
    "2017-12-01 (--force runs it)"
)
READ = "skipped, its source files were read for 2017-12-01 already (without --resume it looks for "
READ += "new ones)"


@pytest.fixture
def shop(project):
    """A shop whose jobs have run."""
    project.file("purchases/1.csv", LINES)
    project.file("items/1.csv", "item,title\ntea,Green tea\n")
    ran(project)
    return project


def ran(project, *, as_of=AS_OF, **how):
    """What `alsobought run` does and prints, each line up to its first comma or parenthesis."""
    (project.home / "conf" / "test.toml").write_text(toml(project.conf), encoding="utf-8")
    in_order = [jobs.load(project.home, name) for name in ALL]
    where = context(project.home, "test", date.fromisoformat(as_of), in_order)
    with progress.OUT.capture() as printed:
        execute_all(in_order, replace(where, **({"skips": True} | how)), project.spark)
    lines = printed.get().splitlines()
    return {line.split(": ")[0]: line for line in lines if not line.startswith(" ")}


def is_skipped(lines):
    return "item_statistics" in lines and lines["item_statistics"] == AS_BEFORE


def test_a_job_whose_inputs_and_parameters_have_not_changed_is_skipped(shop):
    version = shop.version("item_statistics")
    lines = ran(shop)
    assert is_skipped(lines)
    assert "nothing new in 1 files" in lines["purchases"]
    assert shop.version("item_statistics") == version
    assert not is_skipped(ran(shop, skips=False))
    assert shop.version("item_statistics") == version + 1


def test_it_runs_again_where_anything_has_changed(shop, monkeypatch):
    shop.file("purchases/2.csv", LINES.replace("o1", "o2"))
    assert not is_skipped(ran(shop))
    assert is_skipped(ran(shop))
    assert not is_skipped(ran(shop, as_of="2017-12-02"))  # another day, which has no rows yet
    assert is_skipped(ran(shop))  # whose commit changes nothing of this one
    shop.conf["baskets"]["look_back_days"] = 30
    assert not is_skipped(ran(shop))
    monkeypatch.setattr(unchanged, "__version__", "another")
    assert not is_skipped(ran(shop))


def test_it_runs_again_where_an_input_was_made_anew_at_the_same_version(shop):
    version = shop.version("purchases")
    shutil.rmtree(shop.home / "tables" / "purchases")
    shop.file("purchases/1.csv", LINES.replace("jam", "ale"))
    lines = ran(shop)
    assert shop.version("purchases") == version
    assert not is_skipped(lines)
    assert is_skipped(ran(shop))


def test_it_runs_again_where_its_job_file_was_edited(shop, monkeypatch):
    with (shop.home / "jobs" / "item_statistics.py").open("a", encoding="utf-8") as file:
        file.write("# edited")
    monkeypatch.delitem(sys.modules, "alsobought_jobs.item_statistics")
    assert not is_skipped(ran(shop))
    assert is_skipped(ran(shop))


def test_it_runs_again_where_another_program_has_changed_its_table(shop):
    table = DeltaTable(str(shop.home / "tables" / "item_statistics"))
    table.optimize.compact()
    assert is_skipped(ran(shop))
    table.update_incremental()
    table.delete("item_id = 'tea'")
    assert not is_skipped(ran(shop))


def test_a_resumed_run_does_not_look_for_files_that_have_come_since(shop):
    shop.file("purchases/2.csv", LINES.replace("o1", "o2"))
    lines = ran(shop, resumes=True)
    assert lines == {
        "purchases": f"purchases: {READ}",
        "items": f"items: {READ}",
        "item_statistics": AS_BEFORE,
    }
    assert "rows added" in ran(shop)["purchases"]
