"""The command `export`: a training set as Parquet shards with a data card."""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alsobought.commands.options import AsOf, Debug, Env, day
from alsobought.errors import ConfigError, JobError
from alsobought.runtime.faults import guarded

if TYPE_CHECKING:  # imported where they are used, so that other commands start without them
    from py4j.java_gateway import JavaObject
    from pyspark.sql import SparkSession

    from alsobought.runtime.run import Context
    from alsobought.tables.table import Table

EXPORTED = ("training_examples", "purchase_examples")
OURS = re.compile(r"shard-\d{5}\.parquet|card\.json|card\.md")
ROW_GROUP_BYTES = 16 << 20  # what a reader holds of a shard at once


def export(  # noqa: PLR0913
    table: Annotated[str, typer.Argument(help=f"One of {', '.join(EXPORTED)}.")],
    env: Env,
    as_of: AsOf,
    to: Annotated[str, typer.Option(help="The folder or URI to make; its last export goes.")],
    shards: Annotated[int, typer.Option(min=1, max=99_999, help="So many files.")] = 8,
    method: Annotated[
        str | None, typer.Option(help="Whose weights; else those of the only method.")
    ] = None,
    debug: Debug = False,
) -> None:
    """Write a training set as Parquet shards, with a data card."""
    with guarded(debug=debug):
        from alsobought.runtime import config, home, session
        from alsobought.runtime.run import Context

        if table not in EXPORTED:
            raise ConfigError(f"{table} is not a training set: name {' or '.join(EXPORTED)}.")
        root, as_of_day = home.find(), day(as_of)
        where = Context(root, env, config.load_sections(root, env), as_of_day)
        spark = session.build("export", where.environment.spark, debug=debug)
        try:
            write(spark, where, table, to, shards, method)
        finally:
            spark.stop()


def write(  # noqa: PLR0913
    spark: "SparkSession", where: "Context", name: str, to: str, shards: int, method: str | None
) -> dict[str, Any]:
    """Make the folder `to` from the table's rows of the day; returns its card, which it prints.

    The folder is made beside its place and then put there, so a reader sees the old export or the
    new one. Raises JobError where `to` holds anything that is not an export.
    """
    from alsobought.runtime import progress
    from alsobought.runtime.store import Store, warehouse_path
    from alsobought.tables import ALL
    from alsobought.training.exports import data_card, shards

    folder = Folder(spark, to)
    folder.require_ours()
    with progress.shown(spark, f"export of {name}") as say:
        store = Store(spark, warehouse_path(where.home, where.environment.warehouse))
        read = store.read(ALL[name], where.as_of)
        rows, chosen = shards.of_method(read.rows, method)
        features = shards.feature_names(rows)
        made = folder.beside("writing")
        folder.delete(made)
        writer = shards.sharded(rows, features, shards).write.option("compression", "zstd")
        writer = writer.option("parquet.block.size", ROW_GROUP_BYTES)
        writer.option("mapreduce.fileoutputcommitter.marksuccessfuljobs", False).parquet(made)
        told = {
            **_origin(spark, where, store.path(ALL[name]), ALL[name], read.version),
            "method": chosen,
            "shards": folder.name_shards(made),
            "numbers": data_card.numbers(rows),
            "feature_prefix": shards.FEATURE,
            "features": features,
            "columns": data_card.listed(shards.columns(ALL[name], features)),
        }
        folder.text(f"{made}/card.json", json.dumps(told, indent=1, ensure_ascii=False) + "\n")
        folder.text(f"{made}/card.md", data_card.markdown(told))
        folder.swap(made)
        every = told["numbers"]["all"]
        say(
            f"{name}: {every['rows']:,} rows in {len(told['shards'])} shards, in {to}",
            [
                f"method {chosen}, {len(features):,} features, "
                f"label rate {every['label_rate']:.2%}, weighted {_rate(every)}, "
                f"effective sample size {every['effective_sample_size']:,.0f}"
            ],
        )
    return told


def _rate(every: dict[str, Any]) -> str:
    rate = every["weighted_label_rate"]
    return "unknown, as no row weighs anything" if rate is None else f"{rate:.2%}"


def _origin(
    spark: "SparkSession", where: "Context", path: str, table: "Table", version: int
) -> dict[str, Any]:
    """Where the rows come from: the table's version, and the run that wrote the day, if known."""
    from alsobought import __version__

    runs: list[dict[str, Any]] = []
    for commit in spark.sql(f"DESCRIBE HISTORY delta.`{path}`").collect():
        run = _parsed(commit["userMetadata"])
        if commit["version"] <= version and run.get("as_of") == where.as_of.isoformat():
            runs.append(run)
    return {
        "table": table.name,
        "meaning": table.meaning,
        "as_of": where.as_of.isoformat(),
        "delta_version": version,
        "code_version": __version__,
        "run": runs[0] if runs else {},
    }


def _parsed(text: str | None) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except json.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


class Folder:
    """A folder on any file system that Spark can reach: the executors write, the driver names."""

    def __init__(self, spark: "SparkSession", to: str) -> None:
        self.to = to.rstrip("/") if "://" in to else str(Path(to).resolve())
        gateway = spark.sparkContext._gateway
        assert gateway is not None  # a SparkContext that runs has one
        self._path = gateway.jvm.org.apache.hadoop.fs.Path
        self._fs: JavaObject = self._path(self.to).getFileSystem(
            spark.sparkContext._jsc.hadoopConfiguration()
        )

    def beside(self, purpose: str) -> str:
        """A hidden sibling of the folder."""
        parent, _, name = self.to.rpartition("/")
        return f"{parent}/.{name}.{purpose}"

    def require_ours(self) -> None:
        """Raise JobError where something else than an export would be replaced."""
        path = self._path(self.to)
        if not self._fs.exists(path):
            return
        if self._fs.getFileStatus(path).isFile():
            raise JobError(f"{self.to} is a file: name a folder with --to.")
        names = [name for name, _ in self._files(self.to)]
        others = sorted(name for name in names if not OURS.fullmatch(name))
        if others or (names and "card.json" not in names):
            shown = ", ".join((others or sorted(names))[:3])
            raise JobError(
                f"{self.to} holds files that are not of an export ({shown}), so nothing was "
                f"written: name another folder with --to, or empty this one."
            )

    def name_shards(self, made: str) -> list[dict[str, Any]]:
        """Give Spark's part files of a folder names that stay alike; returns names and bytes."""
        shards = []
        for n, (part, size) in enumerate(sorted(self._files(made))):
            shards.append({"file": f"shard-{n:05}.parquet", "bytes": size})
            self._move(f"{made}/{part}", f"{made}/{shards[-1]['file']}")
        return shards

    def text(self, path: str, text: str) -> None:
        """Write a small text file."""
        stream = self._fs.create(self._path(path), True)
        try:
            stream.write(bytearray(text, "utf-8"))
        finally:
            stream.close()

    def swap(self, made: str) -> None:
        """Put the folder `made` in the folder's place, and delete what was there."""
        old = self.beside("old")
        self.delete(old)
        if self._fs.exists(self._path(self.to)):
            self._move(self.to, old)
        self._move(made, self.to)
        self.delete(old)

    def delete(self, path: str) -> None:
        """Delete a folder with all that is in it, where it is there."""
        self._fs.delete(self._path(path), True)

    def _move(self, old: str, new: str) -> None:
        if not self._fs.rename(self._path(old), self._path(new)):
            raise JobError(f"{old} could not be renamed to {new}: look at the permissions there.")

    def _files(self, folder: str) -> list[tuple[str, int]]:
        statuses = self._fs.listStatus(self._path(folder))
        return [(str(s.getPath().getName()), int(s.getLen())) for s in statuses]
