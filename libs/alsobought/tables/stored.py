"""A table's rows together with the files that hold them, or with the runs that made them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from pyspark.sql import DataFrame

WHOLE_GROUPS = b"alsobought.whole_groups"
"""The key of a Parquet file's metadata under which its writer names, with commas, the columns of
`Table.whole_groups`: each group of rows with equal values there lies in this file, in one piece."""


@dataclass(frozen=True)
class Stored:
    """The rows of a table, and the Parquet files that hold exactly these and that workers can open.

    No files: there are none that a worker could open by itself; the rows tell everything.
    """

    rows: DataFrame
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class PastRows:
    """A table's rows as a run had read them: at that version of it."""

    version: int
    rows: DataFrame | None
    """None: that version cannot be read any more."""


@dataclass(frozen=True)
class DatedRows:
    """The rows of several as-of days of a table, which have the column `as_of` first.

    `runs`: what the last run that wrote a day has recorded in its commit (job, as_of, parameters,
    read_versions, ...); a day that another program wrote has none.
    `made_of`: of a job that asks for it, the rows that these runs, and those that made what they
    read of that day, had read of the table that it names; none where that is not recorded.
    """

    rows: DataFrame
    runs: Mapping[date, Mapping[str, Any]]
    made_of: Mapping[date, Sequence[PastRows]] = field(default_factory=dict)
