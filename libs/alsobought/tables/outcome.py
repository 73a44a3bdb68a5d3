"""What a step hands to the runtime: rows to write, and what must hold before they are written."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pyarrow as pa
from pyspark.sql import DataFrame, Row

Batches = Iterator[pa.RecordBatch]


@dataclass(frozen=True)
class WorkerRows:
    """Rows that a function makes in Spark's Python workers of the batches that Spark hands to it.

    Kept apart from a DataFrame so that the same worker can write the rows as well: they need not go
    back to the JVM.
    """

    source: DataFrame
    make: Callable[[Batches], Batches]
    schema: str
    """Names and types of the rows' columns, as Spark takes a schema in text."""

    def as_frame(self) -> DataFrame:
        """The rows as Spark has them."""
        return self.source.mapInArrow(self.make, self.schema)


@dataclass(frozen=True)
class Outcome:
    """The rows of a table, and the account by which they are accepted or refused.

    Nothing is visible to readers before all of it has passed.
    """

    rows: DataFrame | WorkerRows
    account: DataFrame | None = None
    """One row of counts, computed before anything is written and kept in the commit."""
    judge: Callable[[Row], list[str]] = lambda _: []
    """The account in sentences. Raises JobError where the rows must not be written."""
    notes: list[str] = field(default_factory=list)
    """Sentences that are known already; they are printed before those of `judge`."""
    reused: tuple[DataFrame, ...] | None = None
    """DataFrames that are read more than once on the way to rows and account; None: the rows, where
    there is an account.

    The runtime keeps them on disk from before the first action until the job has ended."""

    @property
    def frame(self) -> DataFrame:
        """The rows as a DataFrame, wherever they are made."""
        return self.rows.as_frame() if isinstance(self.rows, WorkerRows) else self.rows


@dataclass(frozen=True)
class JudgedRows:
    """Every row of the source files that a run has read, and the rules that it broke.

    rows: the columns of the table; `reasons`, array of the rules that the row breaks by itself
    (duplicates are not among them yet), sorted; `row`, the row as it was read where it broke one,
    else null.
    """

    rows: DataFrame
    judge: Callable[[Mapping[str, Any]], list[str]]
    """The account (read, good, rejected, ahead, by_reason) in sentences. Raises JobError where the
    rows must not be written."""
    precedence: Literal["last_file", "first_file"]
    """Of good rows with one key, that of the last file by name stays, for it corrects the others;
    or that of the first, where rows with one key say the same."""
    same_time: bool
    """Whether rows with one key have one time, so that only files of those times need a look."""
