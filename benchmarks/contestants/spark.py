"""What the contestants on Spark share: a session, and what its status store knows."""

import os
import sys
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from benchmarks.contestants import Task


def settings(task: Task, memory: str, partitions: int) -> dict[str, str]:
    """A local session's settings."""
    return {
        "spark.master": f"local[{task.cores}]",
        "spark.driver.memory": memory,
        "spark.sql.shuffle.partitions": str(partitions),
        "spark.databricks.delta.snapshotPartitions": "2",
        "spark.local.dir": task.scratch,
        "spark.sql.warehouse.dir": f"{task.scratch}/warehouse",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }


def with_delta(task: Task, memory: str, partitions: int) -> SparkSession:
    """The project's own session, with Delta."""
    from alsobought.runtime import session

    return session.build("benchmark", settings(task, memory, partitions))


def write(rows: DataFrame, task: Task) -> None:
    """The lists as Delta, with the settings that the store gives co_purchases."""
    from alsobought.tables.copurchase import CO_PURCHASES

    kept = {name: value for name, value in CO_PURCHASES.properties.items() if "Skipping" in name}
    rows.write.format("delta").options(**kept).save(task.out)


def plain(task: Task, memory: str, partitions: int, warehouse: str = "") -> SparkSession:
    """A session without the project, for the peers' own environment."""
    os.environ["PYSPARK_PYTHON"] = sys.executable
    given = settings(task, memory, partitions)
    given["spark.sql.ansi.enabled"] = "false"  # the peers divide by zero, as Spark 3 let them
    given["spark.sql.warehouse.dir"] = warehouse or given["spark.sql.warehouse.dir"]
    builder = SparkSession.builder.appName("benchmark")
    for key, value in given.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return spark


def after(task: Task, spark: SparkSession) -> dict[str, Any]:
    """The bytes that were shuffled, and the stages."""
    store = spark.sparkContext._jsc.sc().statusStore()
    executors = store.executorList(False)
    shuffled = sum(executors.apply(i).totalShuffleWrite() for i in range(executors.size()))
    gateway: Any = spark.sparkContext._gateway
    quantiles = gateway.new_array(gateway.jvm.double, 2)
    quantiles[0], quantiles[1] = 0.5, 1.0
    return {"shuffled_bytes": int(shuffled), "stages": stages(store, quantiles)}


def stages(store: Any, quantiles: Any) -> list[dict[str, float]]:
    """Each stage that wrote or took a tenth of a second: seconds, of its tasks in all, of the
    median and the slowest task, bytes."""
    jvm_list = _stage_list(store)
    described = []
    for i in range(jvm_list.size()):
        stage = jvm_list.apply(i)
        began, ended = stage.firstTaskLaunchedTime(), stage.completionTime()
        if began.isEmpty() or ended.isEmpty():
            continue
        seconds = (ended.get().getTime() - began.get().getTime()) / 1000
        if seconds < 0.1 and not stage.outputBytes():
            continue
        summary = store.taskSummary(stage.stageId(), stage.attemptId(), quantiles)
        middle, slowest = (
            (None, None)
            if summary.isEmpty()
            else [summary.get().executorRunTime().apply(i) / 1000 for i in range(2)]
        )
        described.append(
            {
                "median_task": middle,
                "slowest_task": slowest,
                "stage": stage.stageId(),
                "seconds": seconds,
                "task_seconds": stage.executorRunTime() / 1000,
                "tasks": stage.numCompleteTasks(),
                "shuffle_read": int(stage.shuffleReadBytes()),
                "shuffle_written": int(stage.shuffleWriteBytes()),
                "written": int(stage.outputBytes()),
            }
        )
    return sorted(described, key=lambda stage: stage["stage"])


def _stage_list(store: Any) -> Any:
    """All stages: the store's method with its defaults, which Python has to give."""
    given = [getattr(store, f"stageList$default${i}")() for i in range(2, 6)]
    return store.stageList(None, *given)
