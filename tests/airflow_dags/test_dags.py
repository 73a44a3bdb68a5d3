import ast
from datetime import UTC, datetime, timedelta

import pytest
from conftest import DAGS, REPO

SHARED = {"spark_job", "nightly_jobs"}
DAG_FILES = sorted(DAGS.glob("*.py"))
NAMES = [path.stem for path in DAG_FILES if path.stem not in SHARED]
BY_HAND = "backfill"
NO_JOBS = {"arguments", "maintain", "report"}  # tasks that submit nothing
ARRIVING = "purchases"


@pytest.fixture(params=NAMES)
def dag(request, bag):
    """Each DAG; it is called like its file."""
    return bag.dags[request.param]


def jobs_of(dag):
    """The tasks that submit jobs, one for each day of a backfill among them."""
    return [task for task in dag.tasks if task.task_id not in NO_JOBS]


def setting(task, name):
    """What a task is made with; of one that is made for each day, what these have in common."""
    return task.partial_kwargs[name] if task.is_mapped else getattr(task, name)


def test_every_dag_file_imports(bag):
    assert bag.import_errors == {}


def test_a_file_holds_the_one_dag_of_its_name(bag):
    assert sorted(bag.dags) == NAMES


def test_every_task_runs_the_job_of_its_name(dag):
    for task in jobs_of(dag):
        application = f"{{{{ var.value.alsobought_home }}}}/jobs/{task.task_id}.py"
        assert setting(task, "application") == application
        assert (REPO / "jobs" / f"{task.task_id}.py").is_file()


def test_every_task_waits_for_exactly_the_jobs_whose_tables_it_reads(dag, reads):
    waits_for = {task.task_id: task.upstream_task_ids - NO_JOBS for task in jobs_of(dag)}
    assert waits_for == {name: reads[name] for name in waits_for}


def test_every_dag_says_when_it_starts_what_it_belongs_to_and_what_it_does(dag):
    assert dag.start_date is not None
    assert dag.tags == {"alsobought"}
    assert len(dag.doc_md) > 20


def test_a_dag_runs_once_at_a_time(dag):
    assert (dag.catchup, dag.max_active_runs) == (False, 1)


def test_every_task_ends_some_day_tries_again_and_reports_that_it_has_failed(dag):
    from spark_job import ON_FAILURE

    for task in dag.tasks:
        waits = task.task_id == ARRIVING
        assert setting(task, "execution_timeout") == timedelta(hours=6)
        assert setting(task, "retries") == (12 if waits else 1)
        assert (setting(task, "retry_policy") is not None) == waits
        callbacks = [] if task.task_id == "arguments" else ON_FAILURE
        assert [*(setting(task, "on_failure_callback") or [])] == callbacks


def test_what_counts_purchases_waits_for_a_slot_of_a_pool(bag):
    heavy = {
        task.task_id
        for dag in bag.dags.values()
        for task in dag.tasks
        if setting(task, "pool") == "alsobought_heavy"
    }
    assert heavy >= {"co_purchases", "recommendations", "redemption_weights"}
    assert not heavy & {"purchases", "promotions", *NO_JOBS}


def test_every_job_tells_whoever_waits_for_its_table(dag):
    for task in jobs_of(dag):
        assert [asset.name for asset in setting(task, "outlets")] == [f"alsobought.{task.task_id}"]


NEXT_AFTER_A_TUESDAY = {
    "daily_lists": datetime(2017, 3, 1, tzinfo=UTC),
    "training_data": datetime(2017, 3, 5, tzinfo=UTC),  # a Sunday
    "maintenance": datetime(2017, 3, 5, 12, tzinfo=UTC),
}


@pytest.mark.parametrize("name", [name for name in NAMES if name != BY_HAND])
def test_the_run_of_a_day_starts_when_the_day_begins_in_utc(bag, name):
    from airflow.serialization.encoders import coerce_to_core_timetable
    from airflow.timetables.base import DataInterval, TimeRestriction

    dag = bag.dags[name]
    last = DataInterval.exact(datetime(2017, 2, 28, tzinfo=UTC))
    info = coerce_to_core_timetable(dag.timetable).next_dagrun_info(
        last_automated_data_interval=last,
        restriction=TimeRestriction(earliest=dag.start_date, latest=None, catchup=True),
    )
    start = NEXT_AFTER_A_TUESDAY[name]
    assert (info.run_after, info.logical_date) == (start, start)


def test_a_dag_is_what_the_scheduler_reads_of_it(dag):
    from airflow.serialization.serialized_objects import DagSerialization

    stored = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag))
    assert {task.task_id for task in stored.tasks} == set(dag.task_dict)


# A run that begins with one job.


def chosen(dag, first):
    """The tasks that run where a run begins with a job; None: with the first ones."""
    from airflow.sdk.exceptions import AirflowSkipException

    run = set()
    for task in jobs_of(dag):
        try:
            setting(task, "_pre_execute_hook" if not task.is_mapped else "pre_execute")(
                {"task": task, "params": {"from_job": first}}
            )
        except AirflowSkipException:
            continue
        run.add(task.task_id)
    return run


def test_a_run_may_begin_with_any_of_its_jobs(bag):
    night = bag.dags["daily_lists"]
    assert chosen(night, None) == set(night.task_dict) - NO_JOBS
    assert chosen(night, "recommendations") == {"recommendations", "evaluations", "promotions"}
    assert chosen(night, "promotions") == {"promotions"}
    assert chosen(night, "bestsellers") >= {"bestsellers", "recommendations"}
    assert not chosen(night, "bestsellers") & {"purchases", "related_items", "buy_again"}
    backfill = bag.dags["backfill"]
    assert chosen(backfill, "recommendations") == {"recommendations", "evaluations"}


def test_a_run_that_begins_with_no_task_of_its_fails_and_names_them(bag):
    from airflow.sdk.exceptions import AirflowFailException

    with pytest.raises(AirflowFailException, match="from_job 'offers' is no task of daily_lists: "):
        chosen(bag.dags["daily_lists"], "offers")


def test_what_is_skipped_keeps_none_from_running(dag):
    assert all(setting(task, "trigger_rule") == "none_failed" for task in jobs_of(dag))


# The page of the night.


@pytest.mark.parametrize("name", ["daily_lists", "training_data"])
def test_the_page_is_made_last_whatever_has_failed(bag, name):
    dag = bag.dags[name]
    page = dag.get_task("report")
    assert page.upstream_task_ids == {task.task_id for task in jobs_of(dag)}
    assert (page.is_teardown, page.on_failure_fail_dagrun) == (True, False)
    assert page.bash_command == '"$ALSOBOUGHT" report --env "$NAME" --as-of "$AS_OF"'


# Failures.


NOT_ALL_THERE = """Cannot execute: spark-submit x. Error code is: 1.
Last spark-submit output:
26/01/31 WARN something else
error: The purchases of 2026-01-30 have not all arrived: DE has 9 lines, usually 4,000.
note: co_purchases stays as of 2026-01-30; the lists of 2026-01-29 are served.
"""


def test_only_what_may_still_come_is_waited_for():
    from airflow.sdk import RetryAction
    from spark_job import Waiting

    def decided(text, attempt):
        return Waiting().evaluate(RuntimeError(text), attempt, 13)

    for attempt in (1, 2, 12):
        decision = decided(NOT_ALL_THERE, attempt)
        assert (decision.action, decision.retry_delay.seconds) == (RetryAction.RETRY, 1800)
    assert decided("error: the TOML is wrong", 1).action == RetryAction.DEFAULT
    assert decided("error: the TOML is wrong", 2).action == RetryAction.FAIL


def test_the_message_of_a_failure_says_what_stays_as_of_which_day(bag):
    from spark_job import failure_message

    task = bag.dags["daily_lists"].get_task("purchases").prepare_for_execution()
    task.application_args = ["--env", "shop", "--as-of", "2026-01-31"]
    failure = {"task": task, "exception": RuntimeError(NOT_ALL_THERE)}
    assert failure_message(failure) == (
        "daily_lists: purchases of shop failed for 2026-01-31. error: The purchases of 2026-01-30 "
        "have not all arrived: DE has 9 lines, usually 4,000. note: co_purchases stays as of "
        "2026-01-30; the lists of 2026-01-29 are served."
    )
    maintain = bag.dags["maintenance"].get_task("maintain").prepare_for_execution()
    maintain.env = {"NAME": "shop", "AS_OF": "2026-01-31"}
    assert failure_message({"task": maintain, "exception": None}) == (
        "maintenance: maintain of shop failed for 2026-01-31. The task's log says why."
    )


# Backfills and maintenance.


def test_a_backfill_makes_every_day_of_a_range_and_decides_nothing_that_is_served(bag):
    dag = bag.dags["backfill"]
    made = dag.get_task("arguments").python_callable("shop", "2026-01-30", "2026-02-01")
    assert made == [
        ["--env", "shop", "--as-of", day] for day in ("2026-01-30", "2026-01-31", "2026-02-01")
    ]
    with pytest.raises(ValueError, match="first_day 2026-02-01 is after last_day 2026-01-30"):
        dag.get_task("arguments").python_callable("shop", "2026-02-01", "2026-01-30")
    once = {task.task_id for task in jobs_of(dag) if not task.is_mapped}
    assert once == {"purchases", "items"}
    night = {task.task_id for task in jobs_of(bag.dags["daily_lists"])}
    assert {task.task_id for task in jobs_of(dag)} == night - {"promotions"}


def test_a_job_of_a_backfill_is_submitted_as_in_a_night(bag):
    of_night = bag.dags["daily_lists"].get_task("co_purchases")
    of_day = bag.dags["backfill"].get_task("co_purchases").partial_kwargs
    for name in ("application", "conf", "py_files", "name", "pool", "retries"):
        assert of_day[name] == getattr(of_night, name), name


def test_maintenance_hands_the_shell_values_of_variables_alone(bag):
    task = bag.dags["maintenance"].get_task("maintain")
    assert task.bash_command == '"$ALSOBOUGHT" maintain "$NAME" --as-of "$AS_OF"'
    assert task.append_env
    assert "params" not in task.bash_command


@pytest.mark.parametrize("path", DAG_FILES, ids=lambda path: path.stem)
def test_a_dag_file_imports_nothing_but_airflow_what_dags_share_and_days(path):
    names = imported(ast.parse(path.read_text(encoding="utf-8")))
    assert names <= {"airflow", "datetime", "logging", *SHARED}


def imported(tree: ast.Module) -> set[str]:
    """The top packages that a file imports, wherever in it."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or ".")
    return {name.split(".")[0] for name in names}
