"""All lines of a source's files."""

from pathlib import Path

from pyspark.sql import DataFrame, SparkSession

from alsobought.ingest import files
from alsobought.ingest.settings import Source


def read_all(spark: SparkSession, source: Source, home: Path) -> DataFrame:
    """The rows of every file of the source."""
    return files.read(spark, source, home, files.listed(spark, source, home))
