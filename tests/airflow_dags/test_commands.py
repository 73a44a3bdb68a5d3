"""The spark-submit command line of every task, as it is sent; REBUILD_GOLDEN=1 writes it anew."""

import os
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from conftest import REPO

GOLDEN = REPO / "tests" / "golden"
DAY = datetime(2017, 3, 1, tzinfo=UTC)
SCHEDULED = SimpleNamespace(logical_date=DAY, run_after=DAY)
NOTHING_GIVEN = {"as_of": None, "env": None, "from_job": None}


@pytest.fixture
def commands(bag):
    """Golden file name -> command line, of every task."""
    return {
        f"{dag_id}.{task.task_id}.txt": "\n".join(command(task)) + "\n"
        for dag_id in ("daily_lists", "training_data")
        for task in bag.dags[dag_id].tasks
        if task.task_id != "report"
    }


@pytest.fixture(autouse=True)
def _nothing_remembered():
    """Airflow keeps rendered Variables for a while; each test sets its own."""
    from airflow.sdk.execution_time.cache import SecretCache

    SecretCache.reset()


def rendered(task, run=SCHEDULED, **params):
    """The task as it runs."""
    from airflow.sdk.execution_time.context import VariableAccessor

    task = task.prepare_for_execution()
    variables = VariableAccessor(deserialize_json=False)
    task.render_template_fields(
        {"dag_run": run, "params": NOTHING_GIVEN | params, "var": {"value": variables}}
    )
    return task


def command(task, run=SCHEDULED, **params) -> list[str]:
    """The arguments that the task hands to the operating system, on the run of DAY."""
    submitted = rendered(task, run, **params)
    return submitted._get_hook()._build_spark_submit_command(submitted.application)


def test_every_command_line_is_the_golden_one(commands):
    if os.environ.get("REBUILD_GOLDEN") == "1":
        rebuild(commands)
    assert commands == golden()


def golden() -> dict[str, str]:
    """The golden files that are command lines; the folder may hold others."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in GOLDEN.glob("*.txt")}
    return {name: text for name, text in texts.items() if text.startswith("spark-submit\n")}


def rebuild(commands: dict[str, str]) -> None:
    """The golden files as the DAGs are now; those of tasks that are gone go too."""
    for name in golden():
        (GOLDEN / name).unlink()
    for name, text in commands.items():
        (GOLDEN / name).write_text(text, encoding="utf-8")


def test_a_cluster_without_the_package_gets_it_as_a_zip(bag, monkeypatch):
    monkeypatch.setenv("AIRFLOW_VAR_ALSOBOUGHT_PY_FILES", "/opt/alsobought/dist/alsobought.zip")
    line = command(bag.dags["daily_lists"].get_task("purchases"))
    assert line[line.index("--py-files") + 1] == "/opt/alsobought/dist/alsobought.zip"


def test_the_drivers_memory_is_a_variable(bag, monkeypatch):
    monkeypatch.setenv("AIRFLOW_VAR_ALSOBOUGHT_DRIVER_MEMORY", "7g")
    line = command(bag.dags["daily_lists"].get_task("purchases"))
    assert "spark.driver.memory=7g" in line


def test_a_run_by_hand_may_be_of_another_day_and_environment(bag):
    task = bag.dags["daily_lists"].get_task("related_items")
    line = command(task, as_of="2017-02-01", env="market_de")
    assert line[-4:] == ["--env", "market_de", "--as-of", "2017-02-01"]


def test_a_run_without_a_day_of_its_own_is_of_the_day_on_which_it_starts(bag):
    """As one that an asset has started is."""
    run = SimpleNamespace(logical_date=None, run_after=datetime(2017, 3, 4, 17, 30, tzinfo=UTC))
    task = bag.dags["daily_lists"].get_task("related_items")
    assert command(task, run)[-2:] == ["--as-of", "2017-03-04"]


def test_the_command_of_the_maintenance(bag):
    task = bag.dags["maintenance"].get_task("maintain")
    assert rendered(task).env == {
        "ALSOBOUGHT": "alsobought",
        "ALSOBOUGHT_HOME": "/opt/alsobought",
        "NAME": "cluster",
        "AS_OF": "2017-03-01",
    }


def test_a_backfill_loads_files_once_for_its_last_day(bag):
    task = bag.dags["backfill"].get_task("purchases")
    line = command(task, first_day="2017-02-01", last_day="2017-02-07")
    assert line[-4:] == ["--env", "cluster", "--as-of", "2017-02-07"]
