"""What a step hands to the runtime: rows to write, and what must hold before they are written."""

from collections.abc import Callable
from dataclasses import dataclass, field

from pyspark.sql import DataFrame, Row


@dataclass(frozen=True)
class Outcome:
    """The rows of a table, and the account by which they are accepted or refused.

    Nothing is visible to readers before all of it has passed.
    """

    rows: DataFrame
    account: DataFrame | None = None
    """One row of counts, computed before anything is written and kept in the commit."""
    judge: Callable[[Row], list[str]] = lambda _: []
    """The account in sentences. Raises JobError where the rows must not be written."""
    notes: list[str] = field(default_factory=list)
    """Sentences that are known already; they are printed before those of `judge`."""
    reused: tuple[DataFrame, ...] | None = None
    """DataFrames that are read more than once on the way to rows and account; None: the rows alone.

    The runtime keeps them on disk from before the first action until the job has ended."""
    source_files: DataFrame | None = None
    """One column, source_file: the files that this run has read whole, for a table `kept` "added"
    with `replaced_by_file`. None: no row is taken back."""
