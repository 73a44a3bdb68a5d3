"""A table's rows together with the files that hold them."""

from dataclasses import dataclass

from pyspark.sql import DataFrame


@dataclass(frozen=True)
class Stored:
    """The rows of a table, and the Parquet files that hold exactly these and that workers can open.

    No files: there are none that a worker could open by itself; the rows tell everything.
    """

    rows: DataFrame
    files: tuple[str, ...] = ()
