"""Co-purchase statistics, related items and weighted training sets, with Spark and Delta."""

__version__ = "0.1.0"
