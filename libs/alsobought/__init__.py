"""Co-purchase statistics and related-item lists from purchase logs, with Spark and Delta."""

__version__ = "0.1.0"
