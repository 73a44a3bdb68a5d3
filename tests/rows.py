"""Small tables as literals."""

from typing import Any

from pyspark.sql import DataFrame


def rows(df: DataFrame) -> list[tuple[Any, ...]]:
    """The rows of a small table as sorted tuples, to compare with a literal."""
    return sorted((tuple(row) for row in df.collect()), key=repr)
