"""--pin-inputs: a day made again of the very versions that its last run had read."""

import json
import shutil
from dataclasses import replace
from datetime import date

import pytest
from deltalake import DeltaTable

from alsobought.errors import JobError
from alsobought.runtime import job as jobs
from alsobought.runtime import progress
from alsobought.runtime.pinned_inputs import Pinned
from alsobought.runtime.run import context, execute_all
from alsobought.runtime.store import Store
from alsobought.tables.related import RELATED_KINDS
from tests.project import AS_OF, toml
from tests.rows import rows

HEAD = "customer,order,item,time\n"
LINES = HEAD + "c1,o1,tea,2017-11-30\nc1,o1,jam,2017-11-30\nc2,o2,tea,2017-11-29\n"
CORRECTED = LINES + "c2,o2,jam,2017-11-29\n"
ALL = ("purchases", "item_statistics")
COUNTED = ("unit", "item_id", "buyers", "units")


@pytest.fixture
def shop(project):
    """A shop whose purchases were corrected after its lists were made."""
    project.file("purchases/1.csv", LINES)
    project.run_jobs(*ALL)
    project.file("purchases/1.csv", CORRECTED)
    project.run_job("purchases")
    return project


def run(project, *names, pins=True):
    """What `alsobought run --pin-inputs` does and prints, without the seconds."""
    (project.home / "conf" / "test.toml").write_text(toml(project.conf), encoding="utf-8")
    in_order = [jobs.load(project.home, name) for name in names]
    where = context(project.home, "test", date.fromisoformat(AS_OF), in_order)
    with progress.OUT.capture() as printed:
        execute_all(in_order, replace(where, pins=pins), project.spark)
    return [line.split(" in ")[0] for line in printed.get().splitlines()]


def refusal(project, name):
    with pytest.raises(JobError) as refused:
        run(project, name)
    return str(refused.value).replace(f"{project.home}/", "")


def counted(project):
    return rows(project.read("item_statistics").select(*COUNTED))


def read_versions(project):
    (commit,) = DeltaTable(str(project.home / "tables" / "item_statistics")).history(1)
    return json.loads(commit["userMetadata"])["read_versions"]


def test_a_day_is_made_again_of_what_its_run_had_read(shop):
    before = counted(shop)
    read = read_versions(shop)
    assert run(shop, "item_statistics")[0] == "item_statistics: 4 rows"
    assert counted(shop) == before
    assert read_versions(shop) == read
    run(shop, "item_statistics", pins=False)
    assert counted(shop) != before
    assert read_versions(shop) != read


def test_it_says_which_versions_it_has_read_and_which_parameters_are_others(shop):
    shop.conf["baskets"]["max_items"]["order"] = 99
    read = "  read again, the versions of the last run for 2017-12-01:"
    assert run(shop, "item_statistics")[1:] == [
        f"{read} purchases 1",
        "  parameters have changed since that run: baskets.max_items.order",
    ]


def test_what_reads_files_is_left_out(shop):
    version = shop.version("purchases")
    assert run(shop, "purchases", "item_statistics")[0] == (
        "purchases: skipped, it reads source files, which have no versions"
    )
    assert shop.version("purchases") == version


def test_without_a_run_of_the_day_there_is_nothing_to_pin(shop):
    shop.conf["jobs"]["bestsellers"] = {"days": 3, "top_k": 5}
    assert refusal(shop, "bestsellers") == (
        "No commit of bestsellers says what a run for 2017-12-01 has read, so --pin-inputs has "
        "nothing to pin: run the job without --pin-inputs."
    )


def test_a_version_whose_files_are_gone_is_no_longer_read(shop):
    version = shop.version("item_statistics")
    DeltaTable(str(shop.home / "tables" / "purchases")).vacuum(
        0, dry_run=False, enforce_retention_duration=False
    )
    said = refusal(shop, "item_statistics")
    assert said.startswith(
        "purchases 1, the version that item_statistics read for 2017-12-01, can no longer be read "
        "(its data file tables/purchases/"
    )
    assert said.endswith(
        "is not there): [maintenance] vacuum_days says how long versions are kept; "
        "run the job without --pin-inputs."
    )
    assert shop.version("item_statistics") == version


def test_a_table_that_was_made_anew_has_other_versions(shop):
    shutil.rmtree(shop.home / "tables" / "purchases")
    shop.run_job("purchases")
    assert refusal(shop, "item_statistics") == (
        "purchases 1, the version that item_statistics read for 2017-12-01, is gone: the table was "
        "made anew since; run the job without --pin-inputs."
    )


def test_a_job_that_reads_more_by_now_says_so(spark, tmp_path):
    pinned = Pinned("related_items", date(2017, 12, 1), {"read_versions": {"items": 0}})
    with pytest.raises(JobError) as refused:
        pinned.version(Store(spark, str(tmp_path)), RELATED_KINDS)
    assert str(refused.value) == (
        "The run of related_items for 2017-12-01 has read no related_kinds, which the job reads "
        "now: run the job without --pin-inputs."
    )


def test_parameters_are_compared_by_their_names_in_the_toml():
    pinned = Pinned("any", date(2017, 12, 1), {"parameters": {"a": {"b": 1, "c": 2}, "gone": 1}})

    class Now:
        @staticmethod
        def model_dump(mode):
            return {"a": {"b": 1, "c": 3}, "new": [1]}

    assert pinned.changed_parameters(Now()) == ["a.c", "gone", "new"]
