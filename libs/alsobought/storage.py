"""Parquet files of tables, on a path or in an S3 bucket, opened by the process that asks.

Keys, region and endpoint of a bucket are those of the process's environment (AWS_ACCESS_KEY_ID and
so on) or of the machine's role: none of them is in a path, a setting or a file.
"""

import os
import re
import shutil
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

BUCKET = re.compile(r"s3a?://(?=.)")


def is_in_bucket(path: str) -> bool:
    """Whether the path is one in an S3 bucket, as Spark or Delta name it."""
    return BUCKET.match(path) is not None


def parquet_file(path: str) -> pq.ParquetFile:
    """The file opened to read, whose INT96 times are microseconds."""
    system, name = _located(path)
    return pq.ParquetFile(name, filesystem=system, coerce_int96_timestamp_unit="us")


def footer(path: str) -> pq.FileMetaData:
    """The metadata of a file: row groups with rows and statistics."""
    system, name = _located(path)
    return pq.read_metadata(name, filesystem=system)


def parquet_writer(
    path: str, schema: pa.Schema, footers: list[pq.FileMetaData]
) -> pq.ParquetWriter:
    """A file opened to write, with the folders above it; `footers` gets its metadata at its end."""
    system, name = _located(path)
    if system is None:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
    return pq.ParquetWriter(name, schema, filesystem=system, metadata_collector=footers)


def columns_of(paths: Sequence[str], columns: Sequence[str]) -> pa.Table:
    """Columns of all files of one table, in memory. There must be a file."""
    places = [_located(path) for path in paths]
    return pq.read_table(
        [name for _, name in places],
        columns=list(columns),
        partitioning=None,
        filesystem=places[0][0],
    )


def size(path: str) -> int:
    """The bytes of a file."""
    system, name = _located(path)
    if system is None:
        return Path(name).stat().st_size
    return int(system.get_file_info(name).size)


def move(path: str, to: str) -> None:
    """Give a file another path of the same file system or bucket; the folders above are made.

    In a bucket it is copied, by the server, and then deleted.
    """
    system, name = _located(path)
    target = _located(to)[1]
    if system is None:
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        Path(name).rename(target)
    else:
        system.move(name, target)


def remove(path: str) -> None:
    """Remove a file, which may be gone already."""
    system, name = _located(path)
    if system is None:
        Path(name).unlink(missing_ok=True)
    elif system.get_file_info(name).type != fs.FileType.NotFound:
        system.delete_file(name)


def remove_folder(path: str) -> None:
    """Remove a folder with all that is in it, which may be gone already."""
    system, name = _located(path)
    if system is None:
        shutil.rmtree(name, ignore_errors=True)
    elif system.get_file_info(name).type != fs.FileType.NotFound:
        system.delete_dir(name)


def _located(path: str) -> tuple[fs.FileSystem | None, str]:
    """The file system of a path and its name there; None: this machine's."""
    bucket = BUCKET.match(path)
    return (None, path) if bucket is None else (_buckets(), path[bucket.end() :])


@cache
def _buckets() -> fs.S3FileSystem:
    """All S3 buckets. Made once a process: a process that Spark forks must make its own."""
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    return fs.S3FileSystem(region=region, endpoint_override=endpoint)
