"""The spark-submit command line of every task, as it is sent; REBUILD_GOLDEN=1 writes it anew."""

import os

import pytest
from conftest import REPO

GOLDEN = REPO / "tests" / "golden"
DAY = "2017-03-01"


@pytest.fixture
def commands(bag):
    """Golden file name -> command line, of every task."""
    return {
        f"{dag_id}.{task.task_id}.txt": "\n".join(command(task)) + "\n"
        for dag_id, dag in bag.dags.items()
        for task in dag.tasks
    }


@pytest.fixture(autouse=True)
def _nothing_remembered():
    """Airflow keeps rendered Variables for a while; each test sets its own."""
    from airflow.sdk.execution_time.cache import SecretCache

    SecretCache.reset()


def command(task) -> list[str]:
    """The arguments that the task hands to the operating system, on the run of DAY."""
    from airflow.sdk.execution_time.context import VariableAccessor

    rendered = task.prepare_for_execution()
    variables = VariableAccessor(deserialize_json=False)
    rendered.render_template_fields({"ds": DAY, "var": {"value": variables}})
    return rendered._get_hook()._build_spark_submit_command(rendered.application)


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
