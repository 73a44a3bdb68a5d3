"""Opening source files of any format as rows of source columns, nothing parsed or dropped yet."""

import codecs
import csv
import importlib.util
import io
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import reduce
from pathlib import Path

import deltalake
from delta.tables import DeltaTable
from py4j.java_gateway import JavaObject, JVMView
from py4j.protocol import Py4JJavaError
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, MapType, StringType, StructField, StructType

from alsobought.errors import ConfigError, JobError
from alsobought.ingest.loaded import SourceFile
from alsobought.ingest.settings import Source

SOURCE_FILE = "_source_file"
UNREADABLE = "_unreadable"  # the raw line, where it does not have the columns that it should
HEADER_BYTES = 1 << 16
PATTERN_SIGNS = re.compile(r"([\\*?\[\]{}])")
UNIVERSAL_READER = 1  # above it, a Delta table's data files alone do not tell its rows


def listed(spark: SparkSession, source: Source, home: Path) -> list[SourceFile]:
    """The source's files by path, none of them opened; see `SourceFile` for a Delta table.

    Names with a leading _ or . are left out. Raises JobError for no file, and for an empty file.
    """
    path = located(source, home)
    if source.format == "delta":
        return _files_of_table(spark, path)
    statuses = _matched(spark, _pattern(source, home))
    files = sorted((_source_file(status) for status in statuses), key=lambda file: file.path)
    if not files:
        raise JobError(f"No source file matches {path}: deliver one, or correct [sources] path.")
    zipped = [_path_of(spark, file) for file in files if file.path.lower().endswith(".zip")]
    if zipped:
        raise JobError(
            f"{local(zipped[0])} is a .zip, which Spark does not read: unpack it, or pack the file "
            f"in it with gzip (.gz)."
        )
    empty = [_path_of(spark, file) for file in files if file.size == 0]
    if empty:
        raise JobError(f"{local(empty[0])} is empty (0 bytes): deliver it again, or remove it.")
    return files


def read(spark: SparkSession, source: Source, home: Path, files: Sequence[SourceFile]) -> DataFrame:
    """The rows of some of the source's files: its own columns, then `_source_file` and
    `_unreadable`, both strings.

    CSV and JSON columns are strings; Parquet and Delta columns keep their types. CSV files are
    matched by the names in their headers, file by file, so a file may have more columns or
    another order. Raises JobError where a mapped column is missing: in a CSV file, or in all JSON
    or Parquet files of the source; where only some are read, it is null in these.
    Cost: one look at the head of each CSV file from the driver; JSON is read twice.
    """
    path = located(source, home)
    if source.format == "delta":
        rows = _rows_of_table(spark, path, files)
        _require(source, rows.schema, path)
        return rows.withColumn(UNREADABLE, F.lit(None).cast("string"))
    paths = [_path_of(spark, file) for file in files]
    if source.format == "csv":
        return _read_csv(spark, source, paths)
    if source.format == "json":
        reader = spark.read.option("primitivesAsString", True)
        reader = reader.option("columnNameOfCorruptRecord", UNREADABLE)
        # Spark asks for the end of a line in every encoding but its own
        line_end = None if source.encoding == "UTF-8" else "\n"
        rows = reader.json(as_named(paths), encoding=source.encoding, lineSep=line_end)
    else:
        rows = spark.read.option("mergeSchema", True).parquet(*as_named(paths))
    absent = {UNREADABLE} - set(rows.columns)
    if len(files) < len(listed(spark, source, home)):
        absent |= set(source.source_columns) - set(rows.columns)
    nulls = {name: F.lit(None).cast("string") for name in sorted(absent)}
    # the source's columns first: the path is asked of the files, not of what is made of them
    _require_free(rows.columns, path)
    with_file = rows.select("*", _file_path(rows).alias(SOURCE_FILE)).withColumns(nulls)
    _require(source, with_file.schema, path)
    return with_file


def as_named(paths: Iterable[str]) -> list[str]:
    """Paths for Spark's readers, which would take [ * ? { in a file's name for a pattern."""
    return [PATTERN_SIGNS.sub(r"\\\1", path) for path in paths]


def located(source: Source, home: Path) -> str:
    """The source's path: a URI as it is, else a path under the package or the project's folder."""
    if "://" in source.path:
        return source.path
    if not source.package:
        return str(home / source.path)
    spec = importlib.util.find_spec(source.package)
    if spec is None or not spec.submodule_search_locations:
        raise ConfigError(
            f"Source {source.path}: the Python package {source.package} is not installed; "
            f"install it, or give a path without a package."
        )
    return str(Path(next(iter(spec.submodule_search_locations))) / source.path)


def _pattern(source: Source, home: Path) -> str:
    """The source's path, in which only what the TOML says may be a pattern."""
    if "://" in source.path or source.package:
        return located(source, home)
    (folder,) = as_named([str(home)])
    return str(Path(folder) / source.path)


def java_virtual_machine(spark: SparkSession) -> JVMView:
    """The session's JVM, through which Hadoop's file systems are reached."""
    gateway = spark.sparkContext._gateway
    assert gateway is not None  # a SparkContext that runs has one
    return gateway.jvm


def _files_of_table(spark: SparkSession, path: str) -> list[SourceFile]:
    """The data files of a Delta table's newest version; the table as one file with its version
    where data files alone do not tell its rows (deletion vectors, renamed columns)."""
    if not DeltaTable.isDeltaTable(spark, path):
        raise JobError(f"{path} is not a Delta table: build it, or correct [sources] path.")
    if "://" in path:
        table = DeltaTable.forPath(spark, path)
        version = int(table.history(1).select("version").collect()[0]["version"])
        reader = int(table.detail().select("minReaderVersion").collect()[0]["minReaderVersion"])
    else:  # a Spark query takes a second
        log = deltalake.DeltaTable(path)
        version, reader = int(log.version()), log.protocol().min_reader_version
    if reader > UNIVERSAL_READER:
        return [SourceFile(path, 0, 0, version)]
    paths = sorted(_at_version(spark, path, version).inputFiles())
    if not paths:
        raise JobError(f"{path} has no rows: fill it, or correct [sources] path.")
    return [SourceFile(_as_spark_says(file), 0, 0) for file in paths]


def _rows_of_table(spark: SparkSession, path: str, files: Sequence[SourceFile]) -> DataFrame:
    """The rows of a Delta table's data files, with their file."""
    if files and files[0].version is not None:
        rows = _at_version(spark, path, files[0].version)
        return rows.withColumn(SOURCE_FILE, F.lit(path))
    schema = spark.read.format("delta").load(path).schema
    if not files:
        return spark.createDataFrame([], schema).withColumn(SOURCE_FILE, F.lit(path))
    reader = spark.read.schema(schema)
    reader = reader.option("basePath", path)  # partitions are folders of it
    rows = reader.parquet(*as_named(_path_of(spark, file) for file in files))
    _require_free(rows.columns, path)
    return rows.select("*", _file_path(rows).alias(SOURCE_FILE))


def _at_version(spark: SparkSession, path: str, version: int) -> DataFrame:
    return spark.read.format("delta").option("versionAsOf", version).load(path)


def _as_spark_says(uri: str) -> str:
    """A file's URI as Spark names the file of a row: without an empty authority."""
    return uri.replace("file:///", "file:/", 1)


def _matched(spark: SparkSession, path: str) -> list[JavaObject]:
    """The status of every file that a path, folder or glob means."""
    jvm = java_virtual_machine(spark)
    conf = spark.sparkContext._jsc.hadoopConfiguration()
    where = jvm.org.apache.hadoop.fs.Path(path)
    fs = where.getFileSystem(conf)
    return [s for match in fs.globStatus(where) or [] for s in _files_of(fs, match)]


def _source_file(status: JavaObject) -> SourceFile:
    path = _as_spark_says(str(status.getPath().toUri().toString()))
    return SourceFile(path, int(status.getLen()), int(status.getModificationTime()))


def _path_of(spark: SparkSession, file: SourceFile) -> str:
    """The file's path as Hadoop's file systems take it, with nothing of it escaped."""
    jvm = java_virtual_machine(spark)
    return str(jvm.org.apache.hadoop.fs.Path(jvm.java.net.URI(file.path)).toString())


def _files_of(fs: JavaObject, status: JavaObject) -> list[JavaObject]:
    statuses = fs.listStatus(status.getPath()) if status.isDirectory() else [status]
    shown = [s for s in statuses if not s.getPath().getName().startswith(("_", "."))]
    return [s for s in shown if s.isFile()]


def _read_csv(spark: SparkSession, source: Source, files: list[str]) -> DataFrame:
    options: dict[str, str | bool] = {
        "sep": source.delimiter,
        "quote": source.quote,
        "escape": source.quote,
        "encoding": source.encoding,
        "multiLine": source.multi_line,
        "header": source.header,
        "columnNameOfCorruptRecord": UNREADABLE,
    }
    by_header = defaultdict(list)
    for file in files:
        by_header[_header(spark, source, file)].append(file)
    parts = []
    for names, group in by_header.items():
        schema = StructType([StructField(n, StringType()) for n in (*names, UNREADABLE)])
        _require(source, schema, local(group[0]))
        rows = spark.read.options(**options).schema(schema).csv(as_named(group))
        parts.append(rows.withColumn(SOURCE_FILE, _file_path(rows)))
    return reduce(lambda a, b: a.unionByName(b, allowMissingColumns=True), parts)


def _header(spark: SparkSession, source: Source, file: str) -> tuple[str, ...]:
    """The column names of one CSV file, from its first record; a column without one is _c<place>.

    Raises JobError where there is no header, or two names that Spark cannot tell apart.
    """
    decoder = codecs.getincrementaldecoder(source.encoding)(errors="replace")
    text = decoder.decode(_head(spark, file)).removeprefix("\ufeff")
    first: list[str] = next(
        csv.reader(io.StringIO(text), delimiter=source.delimiter, quotechar=source.quote), []
    )
    if not first:
        raise JobError(f"{local(file)} has no header line: deliver it again, or remove it.")
    names = [name if source.header and name else f"_c{i}" for i, name in enumerate(first)]
    _require_free(names, local(file))
    places = {name.lower(): i for i, name in enumerate(names)}
    twice = [name for i, name in enumerate(names) if places[name.lower()] != i]
    if twice:
        raise JobError(f"{local(file)} has two columns called {twice[0]!r}: rename one of them.")
    return tuple(names)


def _head(spark: SparkSession, file: str) -> bytes:
    """The first bytes of a file, unpacked where its name says that it is packed."""
    jvm = java_virtual_machine(spark)
    conf = spark.sparkContext._jsc.hadoopConfiguration()
    path = jvm.org.apache.hadoop.fs.Path(file)
    stream = path.getFileSystem(conf).open(path)
    codec = jvm.org.apache.hadoop.io.compress.CompressionCodecFactory(conf).getCodec(path)
    try:
        unpacked = stream if codec is None else codec.createInputStream(stream)
        return bytes(unpacked.readNBytes(HEADER_BYTES))
    except Py4JJavaError as error:
        reason = str(error.java_exception.getMessage())
        raise JobError(
            f"{local(file)} cannot be read ({reason}; was it cut short?): deliver it again."
        ) from None
    finally:
        stream.close()


def _require(source: Source, schema: StructType, where: str) -> None:
    """Raise JobError where a mapped column is missing, or holds lists or records."""
    have = [name for name in schema.names if name not in (SOURCE_FILE, UNREADABLE)]
    missing = [name for name in source.source_columns if name not in have]
    if missing:
        plural = "s" if len(missing) > 1 else ""
        raise JobError(
            f"{where} has no column{plural} {', '.join(missing)}, which the configuration names; "
            f"it has: {', '.join(have) or 'none'}. Correct the file, or [sources] columns."
        )
    for name in source.source_columns:
        if isinstance(schema[name].dataType, ArrayType | MapType | StructType):
            raise JobError(
                f"{where}: column {name} is {schema[name].dataType.simpleString()}, not one value "
                f"a row: map another column in [sources]."
            )


def _require_free(names: Sequence[str], where: str) -> None:
    """Raise JobError where a source's column is called as the one that is added to all sources."""
    taken = [name for name in names if name.lower() == SOURCE_FILE]
    if taken:
        raise JobError(f"{where} has a column called {taken[0]}, as one of ours: rename it.")


def _file_path(rows: DataFrame) -> Column:
    """The file of each row as Spark knows it, whatever columns the source has."""
    return rows.metadataColumn("_metadata")["file_path"]


def local(file: str) -> str:
    """A file as its user knows it: a path without a scheme, a URI as it is."""
    return file.removeprefix("file:")
