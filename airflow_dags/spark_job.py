"""The one way a DAG runs a Spark job, and what all tasks have in common."""

import logging
from datetime import timedelta

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import Asset, Param, RetryDecision, RetryPolicy
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

# Rendered when a task runs, so that parsing a DAG file asks no database.
HOME = "{{ var.value.alsobought_home }}"
ENV = "{{ params.env or var.value.alsobought_env }}"
# The day of a scheduled run is the one on which it starts; so is that of one by hand.
AS_OF = "{{ params.as_of or ((dag_run.logical_date or dag_run.run_after) | ds) }}"
DRIVER_MEMORY = "{{ var.value.get('alsobought_driver_memory', '2g') }}"
PY_FILES = "{{ var.value.get('alsobought_py_files', '') }}"  # empty: no --py-files on the line

# These count purchases or customers; as many run at a time as the pool has slots.
POOL = "alsobought_heavy"
HEAVY = {
    "co_purchases", "item_statistics", "related_kinds", "factor_recommendations",
    "recommendations", "evaluations", "redemption_weights", "redemption_audits",
    "redemption_scores", "purchase_examples",
}  # fmt: skip

TIMEOUT = timedelta(hours=6)  # of a task; its spark-submit is killed then
TRIES_AGAIN = 1
# A job that reads the shop's files is tried until the day's lines have come.
WAITS = {"purchases"}
NOT_ARRIVED = "have not all arrived"  # what the job says then
WAITS_AGAIN, WAITING = 12, timedelta(minutes=30)

ENV_PARAM = Param(
    None,
    type=["null", "string"],
    pattern="^[A-Za-z0-9_-]+$",
    description="An environment other than alsobought_env: that of a single market, for example.",
)
FROM_PARAM = Param(
    None,
    type=["null", "string"],
    description="The job to begin with: it runs, and all that wait for it; no other does.",
)
PARAMS = {
    "as_of": Param(
        None,
        type=["null", "string"],
        format="date",
        description="The day: what happened before it, UTC, counts. By default the run's own.",
    ),
    "env": ENV_PARAM,
    "from_job": FROM_PARAM,
}


class Waiting(RetryPolicy):
    """Tries a job again for as long as its source files may still come, and else once."""

    def evaluate(self, exception, try_number, max_tries, context=None):
        """Half an hour later where the day has not arrived; at once, and once, after other faults.

        So a fault of the settings is told in the night, and not after hours of waiting.
        """
        if NOT_ARRIVED in str(exception):
            return RetryDecision.retry(WAITING, "the day's lines have not all arrived")
        if try_number > TRIES_AGAIN:
            return RetryDecision.fail("no source file is waited for")
        return RetryDecision.default()


def said(exception) -> str:
    """What the job said when it failed: its sentence, and what readers have of its table."""
    lines = str(exception or "").splitlines()
    sentences = [line.strip() for line in lines if line.strip().startswith(("error: ", "note: "))]
    return " ".join(sentences) or "The task's log says why."


def failure_message(context) -> str:
    """One message for whoever is called: which job of which day failed, why, and what is served."""
    task = context["task"]
    if isinstance(task, SparkSubmitOperator):
        _, env, _, day = task.application_args
    else:
        env, day = task.env["NAME"], task.env["AS_OF"]
    why = said(context.get("exception"))
    return f"{task.dag_id}: {task.task_id} of {env} failed for {day}. {why}"


def report_failure(context) -> None:
    """Write the message to the task's log, as its last line."""
    logging.getLogger("alsobought").error(failure_message(context))


# Called once a task has failed for good. A notifier of Airflow's providers (mail, chat, pager) is
# added here, with failure_message for its text.
ON_FAILURE = [report_failure]


def skip_unless_chosen(context) -> None:
    """Skip the task where the run begins with a job that it does not wait for."""
    task, first = context["task"], context["params"].get("from_job")
    if not first:
        return
    if not task.dag.has_task(first):
        names = ", ".join(sorted(task.dag.task_dict))
        raise AirflowFailException(f"from_job {first!r} is no task of {task.dag_id}: {names}")
    later = task.dag.get_task(first).get_flat_relative_ids(upstream=False)
    if task.task_id not in {first, *later}:
        raise AirflowSkipException(f"the run begins with {first}")


def in_common(name: str) -> dict:
    """What every task of a DAG is made with; `name` is its id."""
    waits = name in WAITS
    return {
        "task_id": name,
        "pool": POOL if name in HEAVY else "default_pool",
        "retries": WAITS_AGAIN if waits else TRIES_AGAIN,
        "retry_policy": Waiting() if waits else None,
        "execution_timeout": TIMEOUT,
        "on_failure_callback": ON_FAILURE,
    }


def settings_of(name: str) -> dict:
    """What an operator that submits jobs/<name>.py is made with, but for its arguments."""
    return in_common(name) | {
        "name": f"alsobought {name}",
        "conn_id": "spark_default",
        "application": f"{HOME}/jobs/{name}.py",
        "py_files": PY_FILES,
        "conf": {
            # The driver's JVM is up before the job reads its TOML, so the memory that the TOML
            # asks for comes too late. Said here as conf: Airflow renders no driver_memory.
            "spark.driver.memory": DRIVER_MEMORY,
            # A failed application is tried again by Airflow alone: attempts count in one place.
            "spark.yarn.maxAppAttempts": "1",
        },
        # The default, True, stops every job on YARN in cluster mode unless it polls YARN's REST
        # interface. A job submitted twice writes the same rows twice, which changes nothing.
        "durable": False,
        # Jobs that a run leaves out keep none from running that wait for them.
        "pre_execute": skip_unless_chosen,
        "trigger_rule": "none_failed",
        # DAGs of others may be scheduled on it: alsobought.promotions comes last in a night.
        "outlets": [Asset(f"alsobought.{name}")],
    }


def spark_job(name: str, as_of: str = AS_OF) -> SparkSubmitOperator:
    """A task that submits jobs/<name>.py for a day; `name` is the task id.

    The Airflow Variables alsobought_home and alsobought_env must be there, and the pool
    alsobought_heavy; alsobought_driver_memory (2g) and alsobought_py_files (none: the workers'
    Python has the package installed) may be.
    """
    arguments = ["--env", ENV, "--as-of", as_of]
    return SparkSubmitOperator(application_args=arguments, **settings_of(name))


def command(name: str, line: str) -> BashOperator:
    """A task that calls the command `alsobought` on Airflow's workers, or what the Variable
    alsobought_command says; `name` is the task id.

    What is rendered reaches the shell as values of variables, never as words of the line.
    """
    return BashOperator(
        **in_common(name),
        bash_command=line,
        env={
            "ALSOBOUGHT": "{{ var.value.get('alsobought_command', 'alsobought') }}",
            "ALSOBOUGHT_HOME": HOME,
            "NAME": ENV,
            "AS_OF": AS_OF,
        },
        append_env=True,
    )


def reported_after(jobs) -> None:
    """Have the page of the night made when these have ended, well or not.

    It says what has failed; a teardown, so that it does not make a run a success whose jobs failed.
    """
    page = command("report", '"$ALSOBOUGHT" report --env "$NAME" --as-of "$AS_OF"').as_teardown()
    for job in jobs:
        job >> page


def wired(waits_for: dict[str, list[str]], made: dict) -> None:
    """Have each task wait for those of the jobs whose tables it reads."""
    for name, others in waits_for.items():
        for other in others:
            made[other] >> made[name]
