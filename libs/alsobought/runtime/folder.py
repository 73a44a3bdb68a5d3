"""A folder of shards with a data card, on any file system that Spark can reach."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyspark.sql import DataFrame, SparkSession

from alsobought.errors import JobError

if TYPE_CHECKING:
    from py4j.java_gateway import JavaObject

FORMATS = {"parquet": "parquet", "csv": "csv", "jsonl": "json"}
"""How files of a format end, and what Spark calls it."""
EXPORTED_FILE = re.compile(rf"shard-\d{{5}}\.({'|'.join(FORMATS)})|card\.json|card\.md")
ROW_GROUP_BYTES = 16 << 20  # what a reader holds of a shard at once
AS_IT_IS: dict[str, str | bool] = {
    "header": True,
    "escape": '"',
    "charToEscapeQuoteEscaping": '"',  # else a NUL beside a quote is doubled
    "ignoreLeadingWhiteSpace": False,  # else Spark trims, and for it NUL and tabs are white space
    "ignoreTrailingWhiteSpace": False,
    "ignoreNullFields": False,
}
"""Options of Spark's writers by which text is read back as it was, and null fields are written."""


class Folder:
    """An export's folder: the executors write its files, the driver renames them.

    An export is made in a hidden folder beside it and then renamed into its place, so that a
    reader sees the old export or the new one.
    """

    def __init__(self, spark: SparkSession, to: str) -> None:
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

    def require_replaceable(self) -> None:
        """Raise JobError where something else than an export would be replaced."""
        path = self._path(self.to)
        if not self._fs.exists(path):
            return
        if self._fs.getFileStatus(path).isFile():
            raise JobError(f"{self.to} is a file: name a folder with --to.")
        names = [name for name, _ in self._files(self.to)]
        others = sorted(name for name in names if not EXPORTED_FILE.fullmatch(name))
        if others or (names and "card.json" not in names):
            shown = ", ".join((others or sorted(names))[:3])
            raise JobError(
                f"{self.to} holds files that are not of an export ({shown}), so nothing was "
                f"written: name another folder with --to, or empty this one."
            )

    def write_shards(
        self, rows: DataFrame, path: str, form: str = "parquet"
    ) -> list[dict[str, Any]]:
        """Write each partition of `rows` as one file of the folder `path`, made anew.

        `form`: one of FORMATS. CSV has a header, and quotes doubled within quotes.

        Returns name and bytes of every file; names are the same again for the same partitions.
        """
        self.delete(path)
        writer = rows.write.format(FORMATS[form])
        writer = writer.option("mapreduce.fileoutputcommitter.marksuccessfuljobs", False)
        if form == "parquet":
            writer = writer.option("compression", "zstd")
            writer = writer.option("parquet.block.size", ROW_GROUP_BYTES)
        writer.options(**AS_IT_IS).save(path)
        shards = []
        for n, (part, size) in enumerate(sorted(self._files(path))):
            shards.append({"file": f"shard-{n:05}.{form}", "bytes": size})
            self._rename(f"{path}/{part}", f"{path}/{shards[-1]['file']}")
        return shards

    def write_text(self, path: str, text: str) -> None:
        """Write a small text file."""
        stream = self._fs.create(self._path(path), True)
        try:
            stream.write(bytearray(text, "utf-8"))
        finally:
            stream.close()

    def replace_with(self, path: str) -> None:
        """Rename the folder `path` to the folder's own name, and delete what was there."""
        old = self.beside("old")
        self.delete(old)
        if self._fs.exists(self._path(self.to)):
            self._rename(self.to, old)
        self._rename(path, self.to)
        self.delete(old)

    def delete(self, path: str) -> None:
        """Delete a folder with all its files, if it exists."""
        self._fs.delete(self._path(path), True)

    def _rename(self, old: str, new: str) -> None:
        if not self._fs.rename(self._path(old), self._path(new)):
            raise JobError(f"{old} could not be renamed to {new}: look at the permissions there.")

    def _files(self, folder: str) -> list[tuple[str, int]]:
        statuses = self._fs.listStatus(self._path(folder))
        return [(str(s.getPath().getName()), int(s.getLen())) for s in statuses]
