"""The rows of purchase files that broke a rule, as `rejected_purchases`."""

from datetime import date

from pyspark.sql import DataFrame

from alsobought.ingest import purchases
from alsobought.ingest.rules import rejected, source_columns
from alsobought.ingest.settings import PurchaseSource


def rejected_purchases(lines: DataFrame, source: PurchaseSource, as_of: date) -> DataFrame:
    """Every row that broke a rule, however many they are, with all its reasons."""
    return rejected(purchases.classified(lines, source, as_of), source_columns(lines))
