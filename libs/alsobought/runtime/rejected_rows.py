"""The tables of rejected rows: written by the job that reads the files, before it may refuse."""

import json
from collections.abc import Mapping
from typing import Any

from delta.tables import DeltaTable
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.readwriter import DataFrameWriter

from alsobought.runtime import commits
from alsobought.runtime.judged_load import Load, Rejects
from alsobought.runtime.store import Store

ATTEMPTS = 5  # jobs that share a table of rejects may write it at the same time


def replace(store: Store, load: Load, broken: DataFrame | None, run: Mapping[str, Any]) -> None:
    """Make the rejected rows of the files read what this reading found, in one commit.

    In: `broken`: source_file, row, reasons, a row for each rejected one; None: there are none.
    No commit where there are none and the table has none of these files.
    Rows of a file that read exactly alike are one row, with the rules that any of them broke.
    Cost: one shuffle of the rejected rows.
    """
    rejects = load.rejects
    if rejects is None:
        return
    exists = store.exists(rejects.table)
    if exists:
        store.check_contract(rejects.table)
    stale = exists and _holds_any(store, rejects, load.paths)
    if broken is None and not stale:
        return
    if not exists:
        store.create(rejects.table)
    empty = store.spark.createDataFrame([], rejects.table.ddl)
    rows = empty if broken is None else _alike_as_one(broken, rejects)
    writer = rejects.table.conform(rows).write.format("delta").mode("append")
    if stale:
        writer = writer.mode("overwrite").option("replaceWhere", _of_files(rejects, load.paths))
    _save(writer.option("userMetadata", json.dumps(run)), store.path(rejects.table))


def _save(writer: DataFrameWriter, path: str) -> None:
    for attempt in range(ATTEMPTS):
        try:
            writer.save(path)
            return
        except PySparkException as error:
            if "DELTA_CONCURRENT" not in str(error) or attempt == ATTEMPTS - 1:
                raise


def _alike_as_one(broken: DataFrame, rejects: Rejects) -> DataFrame:
    every_reason = F.array_sort(F.array_distinct(F.flatten(F.collect_set("reasons"))))
    rows = broken.groupBy("source_file", "row").agg(
        every_reason.alias("reasons"), F.count(F.lit(1)).alias("copies")
    )
    if "source" in rejects.table.names:
        rows = rows.withColumn("source", F.lit(rejects.source))
    return rows


def _of_files(rejects: Rejects, paths: list[str]) -> str:
    condition = f"source_file IN ({', '.join(literal(path) for path in paths)})"
    if "source" in rejects.table.names:
        condition += f" AND source = {literal(rejects.source)}"
    return condition


def _holds_any(store: Store, rejects: Rejects, paths: list[str]) -> bool:
    """Whether the table has rejected rows of the files."""
    names: list[str] = [name for name in ("source_file", "source") if name in rejects.table.names]
    path = store.path(rejects.table)
    if store.opens_files:  # a Spark query takes a second
        table = commits.log_of(path, rejects.table.name).delta.to_pyarrow_table(columns=names)
        rows = table.group_by(names).aggregate([]).to_pylist()
    else:
        of_files = DeltaTable.forPath(store.spark, path).toDF().where(_of_files(rejects, paths))
        rows = [row.asDict() for row in of_files.select(*names).limit(1).collect()]
    source = rejects.source
    return any(row["source_file"] in paths and row.get("source", source) == source for row in rows)


def literal(text: str) -> str:
    """The text as a literal of Spark's SQL."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
