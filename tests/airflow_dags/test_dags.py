import ast
from datetime import UTC, datetime

import pytest
from conftest import DAGS, REPO

DAG_FILES = sorted(DAGS.glob("*.py"))


@pytest.fixture(params=[path.stem for path in DAG_FILES if path.stem != "spark_job"])
def dag(request, bag):
    """Each DAG; it is called like its file."""
    return bag.dags[request.param]


def test_every_dag_file_imports(bag):
    assert bag.import_errors == {}


def test_a_file_holds_the_one_dag_of_its_name(bag):
    assert sorted(bag.dags) == [path.stem for path in DAG_FILES if path.stem != "spark_job"]


def test_every_task_runs_the_job_of_its_name(dag):
    for task in dag.tasks:
        assert task.application == f"{{{{ var.value.alsobought_home }}}}/jobs/{task.task_id}.py"
        assert (REPO / "jobs" / f"{task.task_id}.py").is_file()


def test_every_task_waits_for_exactly_the_jobs_whose_tables_it_reads(dag, reads):
    waits_for = {task.task_id: task.upstream_task_ids for task in dag.tasks}
    assert waits_for == {name: reads[name] for name in waits_for}


def test_every_dag_says_when_it_starts_what_it_belongs_to_and_what_it_does(dag):
    assert dag.start_date is not None
    assert dag.tags == {"alsobought"}
    assert len(dag.doc_md) > 20


def test_a_dag_runs_once_at_a_time_and_tries_a_failed_task_once_more(dag):
    assert (dag.catchup, dag.max_active_runs) == (False, 1)
    assert {task.retries for task in dag.tasks} == {1}


NEXT_AFTER_A_TUESDAY = {
    "daily_lists": datetime(2017, 3, 1, tzinfo=UTC),
    "training_data": datetime(2017, 3, 5, tzinfo=UTC),  # a Sunday
}


def test_the_run_of_a_day_starts_when_the_day_begins_in_utc(dag):
    from airflow.serialization.encoders import coerce_to_core_timetable
    from airflow.timetables.base import DataInterval, TimeRestriction

    last = DataInterval.exact(datetime(2017, 2, 28, tzinfo=UTC))
    info = coerce_to_core_timetable(dag.timetable).next_dagrun_info(
        last_automated_data_interval=last,
        restriction=TimeRestriction(earliest=dag.start_date, latest=None, catchup=True),
    )
    midnight = NEXT_AFTER_A_TUESDAY[dag.dag_id]
    assert (info.run_after, info.logical_date) == (midnight, midnight)


@pytest.mark.parametrize("path", DAG_FILES, ids=lambda path: path.stem)
def test_a_dag_file_imports_nothing_but_airflow_spark_job_and_days(path):
    names = imported(ast.parse(path.read_text(encoding="utf-8")))
    assert names <= {"airflow", "spark_job", "datetime"}


def imported(tree: ast.Module) -> set[str]:
    """The top packages that a file imports, wherever in it."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or ".")
    return {name.split(".")[0] for name in names}
