"""Failures as one clear sentence: what Spark, Delta and Java say, in the user's words."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from rich.console import Console

from alsobought.errors import JobError

ERR = Console(stderr=True, highlight=False, soft_wrap=True)
LONGEST = 400

CONCURRENT = (
    "Another run changed the same rows while this one was working, so nothing was written: "
    "let it finish, then run again"
)
KNOWN = (
    (r"DELTA_CONCURRENT|ConcurrentModificationException|DELTA_METADATA_CHANGED", CONCURRENT),
    (
        r"DELTA_VIOLATE_CONSTRAINT_WITH_VALUES\] (?P<said>.*?) violated by row",
        "The rows break the table's contract, so nothing was written: {said}",
    ),
    (
        r"DELTA_NOT_NULL_CONSTRAINT_VIOLATED\] (?P<said>[^\n]*)",
        "The rows break the table's contract, so nothing was written: {said}",
    ),
    (
        r"CANNOT_READ_FILE_FOOTER\][^\n]*?file: (?P<file>\S+?)\. ",
        "{file} is not a readable Parquet file (was it cut short?): deliver it again",
    ),
    (
        r"(?P<file>\S+) is not a Parquet file",
        "{file} is not a readable Parquet file (was it cut short?): deliver it again",
    ),
    (
        r"FAILED_READ_FILE[^\]]*\][^\n]*?file (?P<file>\S+?)[.:]? ",
        "{file} cannot be read to its end (was it cut short?): deliver it again",
    ),
    (
        r"CANNOT_MERGE_SCHEMAS.*?incompatible data types (?P<said>[^\n]*?)\. ",
        "The source's Parquet files do not fit together, a column is of the types {said}: "
        "deliver them with one type",
    ),
    (
        r"INVALID_DATETIME_PATTERN[^\]]*\] [^\n]*?pattern:? (?P<said>'[^\n]*?')\. ",
        "timestamp_format in [sources] is {said}, which Spark cannot read as a datetime pattern",
    ),
    (
        r"(No space left on device|Disk quota exceeded)",
        "The disk is full, so nothing was written: make room, then run again",
    ),
    (
        r"(?:AccessControlException|AccessDeniedException|Permission denied|Read-only file system)"
        r"[:\s]*(?P<said>[^\n]{0,200})",
        "No permission to read or write: {said}",
    ),
    (r"OutOfMemoryError", "Spark ran out of memory: raise spark.driver.memory or executor memory"),
)


@contextmanager
def guarded(*, debug: bool) -> Iterator[None]:
    """Turn a failure into one sentence on stderr and exit code 1; `debug` shows the whole trace."""
    try:
        yield
    except JobError as error:
        _leave(str(error), debug)
    except (PySparkException, Py4JError) as error:
        _leave(sentence(str(error)), debug)
    except KeyboardInterrupt:
        _leave("Interrupted; the tables are as they were before this job.", debug, code=130)


def _leave(said: str, debug: bool, code: int = 1) -> None:
    if debug:
        ERR.print_exception()
    ERR.print(f"error: {said}", style="red", markup=False)
    sys.exit(code)


def sentence(trace: str) -> str:
    """One sentence for what Spark threw: a known fault in our words, else its own first line."""
    for pattern, words in KNOWN:
        match = re.search(pattern, trace, re.DOTALL)
        if match:
            parts = {name: text.strip() for name, text in match.groupdict().items()}
            return (
                words.format(**parts).replace("file://", "").replace("file:/", "/").rstrip(".")
                + "."
            )
    lines = [line.strip() for line in trace.splitlines() if line.strip()]
    first = next((line for line in lines if not line.startswith("at ")), "unknown")
    first = re.sub(
        r"^An error occurred while calling \S+$", " ".join(lines[1:2]).lstrip(": "), first
    )
    said = first[:LONGEST].rstrip(".")
    return f"Spark failed: {said}. Run again with --debug for the whole trace."
