"""A table's rows together with the files that hold them, or with the runs that made them."""

from collections.abc import Mapping
from dataclasses import dataclass
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
class DatedRows:
    """The rows of several as-of days of a table, which have the column `as_of` first.

    `runs`: what the last run that wrote a day has recorded in its commit (job, as_of, parameters,
    read_versions, ...); a day that another program wrote has none.
    """

    rows: DataFrame
    runs: Mapping[date, Mapping[str, Any]]
