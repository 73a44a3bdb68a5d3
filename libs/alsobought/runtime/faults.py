"""Failures as one clear sentence: what Spark, Delta and Java say, in the user's words."""

import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from py4j.protocol import Py4JError
from pyarrow.lib import ArrowException
from pyspark.errors import PySparkException
from rich.console import Console

from alsobought.errors import JobError
from alsobought.runtime import java
from alsobought.runtime.progress import printable
from alsobought.runtime.redaction import masked

ERR = Console(stderr=True, highlight=False, soft_wrap=True)
LONGEST = 400

CONCURRENT = (
    "Another run changed the same rows while this one was working, so nothing was written: "
    "let it finish, then run again"
)
INTERRUPTED = "Interrupted; each table is as it was before a job, or as a whole job made it."
RESTORE = "put a copy of it back, or move the table away and run its job again"
NO_PARQUET = (
    "{file} is not a readable Parquet file (was it cut short?): deliver it again; where it is a "
    "data file of a table, put a copy of it back"
)
FULL = r"No space left on device|Disk quota exceeded"
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
        NO_PARQUET,
    ),
    (
        r"(?P<file>\S+) is not a Parquet file",
        NO_PARQUET,
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
        r"(?:FileNotFoundError: [^\n]*?'|PATH_NOT_FOUND\][^\n]*?: )(?P<file>[^'\s]+\.parquet)\b",
        f"A table cannot be read: its data file {{file}} is not there; {RESTORE}",
    ),
    (
        r"Parquet magic bytes not found|Couldn't deserialize thrift|Parquet file size is",
        "A table cannot be read: one of its data files is not a Parquet file (was it cut short?); "
        f"{RESTORE}",
    ),
    (
        r"Class org\.apache\.hadoop\.fs\.s3a\.\w+ not found",
        "The jars that read s3a:// are not with Spark: run 'python -m alsobought.runtime.setup "
        "--with s3' once, or give spark-submit --packages org.apache.hadoop:hadoop-aws:3.5.0",
    ),
    (
        r"No FileSystem for scheme \W?s3\W",
        "Spark has no file system that is called s3: write s3a:// in the TOML",
    ),
    (
        r"NoAuthWithAWSException|NoAwsCredentialsException|Unable to load credentials from any of"
        r"|the credential provider was not enabled|error occurred while loading credentials",
        "There are no keys for S3: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the "
        "environment of the run, or give the machine a role",
    ),
    (
        r"for key '(?P<file>[^']+)' in bucket '(?P<bucket>[^']+)': AWS Error (?P<said>[A-Z_]+)",
        "{file} in the bucket {bucket} cannot be opened ({said}): give the driver and all workers "
        "the bucket's keys, AWS_REGION and, of another server than Amazon's, AWS_ENDPOINT_URL in "
        "their environments, or take workers_have_keys out of the TOML",
    ),
    (
        r"Server returned non-2xx status code.*?\b(?P<said>4\d\d [A-Z][\w ]+)",
        "S3 has answered {said}: look at AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and "
        "AWS_ENDPOINT_URL in the environment of the run",
    ),
    (
        r"INVALID_DATETIME_PATTERN[^\]]*\] [^\n]*?pattern:? (?P<said>'[^\n]*?')\. ",
        "timestamp_format in [sources] is {said}, which Spark cannot read as a datetime pattern",
    ),
    (
        rf"(?:{FULL})[^\n]*?: (?P<quote>['\"])(?P<file>/[^\n]*?)(?P=quote)\s*(?:\n|$)",
        "The disk of {file} is full: make room there, then run again",
    ),
    (
        rf"FSError: [^\n]*(?:{FULL})",  # Hadoop's; Spark writes its scratch files without it
        "The disk of the warehouse is full: make room there, then run again",
    ),
    (
        FULL,
        "A disk is full, most likely the one of Spark's scratch files (spark.local.dir, "
        "SPARK_LOCAL_DIRS, else /tmp): make room there, then run again",
    ),
    (
        r"(?:AccessControlException|AccessDeniedException|Permission denied|Read-only file system)"
        r"[:\s]*(?P<said>[^\n]{0,200})",
        "No permission to read or write: {said}",
    ),
    (
        r"Python worker exited unexpectedly",
        "A Python worker of Spark crashed or was killed, most often because the machine had no "
        "memory left: run fewer tasks at once (N of spark.master local[N], executor cores), or "
        "give it more memory, then run again",
    ),
    (
        r"ExecutorLostFailure",
        "Executors of Spark were lost again and again, most often for want of memory: raise "
        "spark.executor.memory or spark.executor.memoryOverhead, then run again",
    ),
    (
        r"\b_?(?:Array|Arrow)?MemoryError\b",
        "Python ran out of memory, in a task or in the driver: lower task_memory_mb or "
        "lists_memory_mb, run fewer tasks at once, or raise spark.executor.pyspark.memory where it "
        "is set, then run again",
    ),
    (r"OutOfMemoryError", "Spark ran out of memory: raise spark.driver.memory or executor memory"),
    (
        r"Answer from Java side is empty|error while trying to connect to the Java server"
        r"|ConnectionRefusedError|ConnectionResetError|does not exist in the JVM",
        "Java, which runs Spark's driver, ended before its work was done, most often for want of "
        "memory: raise spark.driver.memory, and look for the reason in Spark's log",
    ),
)
FAILURES = (JobError, PySparkException, Py4JError, OSError, MemoryError, ArrowException)
"""What ends a run with a sentence; any other exception is a fault of the program."""


@contextmanager
def guarded(*, debug: bool) -> Iterator[None]:
    """Turn a failure into one sentence on stderr and an exit code, 1 for most (`errors`).

    `debug` shows the whole trace.
    """
    if not debug:
        _silence_py4j()
    try:
        yield
    except JobError as error:
        _leave(error, debug, error.exit_code)
    except FAILURES as error:
        _leave(error, debug)
    except KeyboardInterrupt as interrupt:
        java.interrupted.set()
        _leave(interrupt, debug, code=130)


def said_of(error: BaseException) -> str:
    """What a user reads of a failure: one sentence."""
    if isinstance(error, JobError):
        return str(error)
    if isinstance(error, PySparkException | Py4JError):
        return sentence(str(error))
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    return sentence(f"{type(error).__name__}: {error}", "It failed")


def _silence_py4j() -> None:
    """No traces of calls that an interrupt cut short: what py4j logs, the sentence says."""
    logging.getLogger("py4j").setLevel(logging.CRITICAL)
    logging.getLogger().addFilter(_is_not_of_py4j)  # it uses the root logger too


def _is_not_of_py4j(record: logging.LogRecord) -> bool:
    return record.module != "java_gateway"


def _leave(error: BaseException, debug: bool, code: int = 1) -> None:
    if debug:
        ERR.print_exception()
    ERR.print(f"error: {printable(masked(said_of(error)))}", style="red", markup=False)
    for note in getattr(error, "__notes__", ()):
        ERR.print(f"note: {printable(note)}", markup=False)
    sys.exit(code)


def sentence(trace: str, failed: str = "Spark failed") -> str:
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
    if "Python worker" in first:  # and then a trace, whose last line names the fault
        faults = [line for line in lines if re.match(r"[\w.]+(?:Error|Exception|Invalid): ", line)]
        first = faults[-1] if faults else first
    said = first[:LONGEST].rstrip(".")
    return f"{failed}: {said}. Run again with --debug for the whole trace."
