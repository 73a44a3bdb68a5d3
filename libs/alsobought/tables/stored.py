"""A table's rows together with the files that hold them."""

from dataclasses import dataclass

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
