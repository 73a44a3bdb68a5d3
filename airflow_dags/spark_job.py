"""The one way a DAG runs a Spark job."""

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator

# Rendered when a task runs, so that parsing a DAG file asks no database.
HOME = "{{ var.value.alsobought_home }}"
ENV = "{{ var.value.alsobought_env }}"
DRIVER_MEMORY = "{{ var.value.get('alsobought_driver_memory', '2g') }}"
PY_FILES = "{{ var.value.get('alsobought_py_files', '') }}"  # empty: no --py-files on the line


def spark_job(name: str) -> SparkSubmitOperator:
    """A task that submits jobs/<name>.py for the run's day; `name` is the task id.

    The Airflow Variables alsobought_home and alsobought_env must be there; alsobought_driver_memory
    (2g) and alsobought_py_files (none: the workers' Python has the package installed) may be.
    """
    return SparkSubmitOperator(
        task_id=name,
        name=f"alsobought {name}",
        conn_id="spark_default",
        application=f"{HOME}/jobs/{name}.py",
        application_args=["--env", ENV, "--as-of", "{{ ds }}"],
        py_files=PY_FILES,
        conf={
            # The driver's JVM is up before the job reads its TOML, so the memory that the TOML
            # asks for comes too late. Said here as conf: Airflow renders no driver_memory.
            "spark.driver.memory": DRIVER_MEMORY,
            # A failed application is tried again by Airflow alone: attempts count in one place.
            "spark.yarn.maxAppAttempts": "1",
        },
        # The default, True, stops every job on YARN in cluster mode unless it polls YARN's REST
        # interface. A job submitted twice writes the same rows twice, which changes nothing.
        durable=False,
    )
