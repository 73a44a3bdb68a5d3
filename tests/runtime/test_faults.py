"""What Spark and Java say, in the user's words; one line and an exit code for every failure."""

import contextlib
import logging

import pyarrow as pa
import pytest

from alsobought.errors import ContractError, JobError
from alsobought.runtime.faults import CONCURRENT, guarded, sentence

NO_PARQUET = (
    "A table cannot be read: one of its data files is not a Parquet file (was it cut short?); "
    "put a copy of it back, or move the table away and run its job again."
)
SPARK = "Run again with --debug for the whole trace."


def left(capsys, error, *, debug=False):
    """What a command that fails with `error` leaves: its exit code, and its lines on stderr."""
    with pytest.raises(SystemExit) as end, guarded(debug=debug):
        raise error
    return end.value.code, capsys.readouterr().err.splitlines()


def test_a_failure_is_one_line_and_exit_code_1(capsys):
    said = "items: missing [title]; see /a/very/long/path/" + "x" * 200
    assert left(capsys, JobError(said)) == (1, [f"error: {said}"])
    assert left(capsys, ContractError("items: x")) == (1, ["error: items: x"])


def test_names_in_a_sentence_do_not_steer_the_terminal(capsys):
    said = "[red]a[/red].csv\x1b[31m\x1b]0;b\x07 has \u202eno\nrows"
    assert left(capsys, JobError(said)) == (
        1, ["error: [red]a[/red].csv [31m ]0;b  has  no rows"]
    )  # fmt: skip


def test_an_interrupt_is_exit_code_130(capsys):
    assert left(capsys, KeyboardInterrupt()) == (
        130,
        ["error: Interrupted; each table is as it was before a job, or as a whole job made it."],
    )


def test_an_interrupt_has_no_trace_of_the_call_that_it_cut_short(capsys):
    with guarded(debug=False), contextlib.suppress(JobError):
        raise JobError("any")
    logging.getLogger().handle(logged("java_gateway", "KeyboardInterrupt while sending command."))
    logging.getLogger("py4j.clientserver").exception("Error while sending or receiving.")
    assert capsys.readouterr().err == ""


def logged(module, message):
    """A record as a module would log it."""
    return logging.LogRecord("root", logging.ERROR, f"{module}.py", 1, message, (), None)


def test_what_pyarrow_and_the_file_system_say_is_one_line_too(capsys):
    error = FileNotFoundError(2, "No such file or directory", "/w/items/part-1.parquet")
    assert left(capsys, error) == (
        1,
        [
            "error: A table cannot be read: its data file /w/items/part-1.parquet is not there; "
            "put a copy of it back, or move the table away and run its job again."
        ],
    )
    error = pa.ArrowInvalid("Parquet magic bytes not found in footer.")
    assert left(capsys, error) == (1, [f"error: {NO_PARQUET}"])
    error = PermissionError(13, "Permission denied", "/w")
    said = "No permission to read or write: '/w'."
    assert left(capsys, error) == (1, [f"error: {said}"])
    assert left(capsys, pa.ArrowInvalid("odd")) == (
        1,
        [f"error: It failed: ArrowInvalid: odd. {SPARK}"],
    )


def test_debug_shows_the_trace_before_the_sentence(capsys):
    code, lines = left(capsys, JobError("no rows"), debug=True)
    assert code == 1
    assert "Traceback (most recent call last)" in lines[0]
    assert "JobError: no rows" in lines
    assert lines[-1] == "error: no rows"


def test_success_says_nothing(capsys):
    with guarded(debug=False):
        pass
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("trace", "said"),
    [
        (
            "io.delta.exceptions.ConcurrentAppendException: [DELTA_CONCURRENT_APPEND.WITH_HINT] x",
            CONCURRENT + ".",
        ),
        ("java.util.ConcurrentModificationException\n\tat a.B.c(D.java:1)", CONCURRENT + "."),
        (
            "java.lang.RuntimeException: java.lang.ClassNotFoundException: "
            "Class org.apache.hadoop.fs.s3a.S3AFileSystem not found\n\tat x",
            "The jars that read s3a:// are not with Spark: run 'python -m alsobought.runtime.setup "
            "--with s3' once, or give spark-submit --packages org.apache.hadoop:hadoop-aws:3.5.0.",
        ),
        (
            'org.apache.hadoop.fs.UnsupportedFileSystemException: No FileSystem for scheme "s3"',
            "Spark has no file system that is called s3: write s3a:// in the TOML.",
        ),
        (
            "org.apache.hadoop.fs.s3a.auth.NoAuthWithAWSException: No AWS Credentials provided by",
            "There are no keys for S3: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the "
            "environment of the run, or give the machine a role.",
        ),
        (
            "OSError: When reading information for key 'tables/items/part-1.parquet' in bucket "
            "'shop': AWS Error ACCESS_DENIED during HeadObject operation: No response body.",
            "tables/items/part-1.parquet in the bucket shop cannot be opened (ACCESS_DENIED): give "
            "the driver and all workers the bucket's keys, AWS_REGION and, of another server than "
            "Amazon's, AWS_ENDPOINT_URL in their environments, or take workers_have_keys out of "
            "the TOML.",
        ),
        (
            "OSError: Generic S3 error\n  \x1b[31m↳\x1b[0m Error performing GET http://127.0.0.1/b"
            " in 11.5ms - Server returned non-2xx status code\n  \x1b[31m↳\x1b[0m 403 Forbidden\n"
            "  \x1b[31m↳\x1b[0m <?xml version='1.0'?>",
            "S3 has answered 403 Forbidden: look at AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, "
            "AWS_REGION and AWS_ENDPOINT_URL in the environment of the run.",
        ),
        (
            "[DELTA_VIOLATE_CONSTRAINT_WITH_VALUES] CHECK constraint rank_from_one (rank >= 1) "
            "violated by row with values:\n - rank : 0\n\tat x",
            "The rows break the table's contract, so nothing was written: "
            "CHECK constraint rank_from_one (rank >= 1).",
        ),
        (
            "[DELTA_NOT_NULL_CONSTRAINT_VIOLATED] NOT NULL constraint violated for column: item_id."
            "\n\tat x",
            "The rows break the table's contract, so nothing was written: "
            "NOT NULL constraint violated for column: item_id.",
        ),
        (
            "java.io.IOException: No space left on device\n\tat java.base/x",
            "A disk is full, most likely the one of Spark's scratch files (spark.local.dir, "
            "SPARK_LOCAL_DIRS, else /tmp): make room there, then run again.",
        ),
        (
            ": org.apache.hadoop.fs.FSError: java.io.IOException: No space left on device\n\tat x",
            "The disk of the warehouse is full: make room there, then run again.",
        ),
        (
            "PythonException: An exception was thrown from the Python worker:\n"
            "OSError: [Errno 28] No space left on device: '/a b/tables/items'\n\n\tat x",
            "The disk of /a b/tables/items is full: make room there, then run again.",
        ),
        (
            "OSError: Generic LocalFileSystem error\n ↳ Unable to copy data to file\n ↳ "
            'No space left on device (os error 28): "/it\'s/w/items"',
            "The disk of /it's/w/items is full: make room there, then run again.",
        ),
        (
            "Job aborted due to stage failure: Task 0 in stage 1.0 failed 4 times, most recent "
            "failure: Lost task 0.3 in stage 1.0: ExecutorLostFailure (executor 3 exited)",
            "Executors of Spark were lost again and again, most often for want of memory: raise "
            "spark.executor.memory or spark.executor.memoryOverhead, then run again.",
        ),
        (
            "org.apache.hadoop.security.AccessControlException: Permission denied: user=ann\n\tat",
            "No permission to read or write: Permission denied: user=ann.",
        ),
        (
            "java.lang.OutOfMemoryError: Java heap space",
            "Spark ran out of memory: raise spark.driver.memory or executor memory.",
        ),
        (
            "ConnectionRefusedError: [Errno 111] Connection refused",
            "Java, which runs Spark's driver, ended before its work was done, most often for want "
            "of memory: raise spark.driver.memory, and look for the reason in Spark's log.",
        ),
        (
            "org.apache.spark.sql.classic.SparkSession does not exist in the JVM",
            "Java, which runs Spark's driver, ended before its work was done, most often for want "
            "of memory: raise spark.driver.memory, and look for the reason in Spark's log.",
        ),
        (
            "[UNRESOLVED_COLUMN] no column `x`.\n\tat org.apache.spark.A\n\tat b",
            f"Spark failed: [UNRESOLVED_COLUMN] no column `x`. {SPARK}",
        ),
        (
            "An error occurred while calling o42.save\n: java.lang.IllegalStateException: odd\n"
            "\tat x",
            f"Spark failed: java.lang.IllegalStateException: odd. {SPARK}",
        ),
        ("", f"Spark failed: unknown. {SPARK}"),
        (
            "[PATH_NOT_FOUND] Path does not exist: file:/w/items/part-1.parquet. SQLSTATE: 42K03",
            "A table cannot be read: its data file /w/items/part-1.parquet is not there; "
            "put a copy of it back, or move the table away and run its job again.",
        ),
        (
            "An exception was thrown from the Python worker:\nTraceback (most recent call last):\n"
            '  File "x.py", line 3, in f\n    y\nValueError: odd\n\n\tat org.apache.spark.A',
            f"Spark failed: ValueError: odd. {SPARK}",
        ),
        (
            "An exception was thrown from the Python worker:\nTraceback (most recent call last):\n"
            "FileNotFoundError: [Errno 2] Failed to open local file '/w/a/part-1.snappy.parquet'.",
            "A table cannot be read: its data file /w/a/part-1.snappy.parquet is not there; "
            "put a copy of it back, or move the table away and run its job again.",
        ),
    ],
)
def test_a_trace_as_one_sentence(trace, said):
    assert sentence(trace) == said


def test_a_sentence_is_never_longer_than_a_few_lines():
    assert sentence("x" * 5_000) == f"Spark failed: {'x' * 400}. {SPARK}"
