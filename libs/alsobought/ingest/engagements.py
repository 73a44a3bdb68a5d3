"""The rows of engagements files as `engagements`: which offer, and when."""

from datetime import date

from pyspark.sql import DataFrame

from alsobought.ingest import account, events
from alsobought.ingest.settings import EngagementSource
from alsobought.tables.offers import ENGAGEMENTS
from alsobought.tables.outcome import JudgedRows


def engagements(lines: DataFrame, source: EngagementSource, as_of: date) -> JudgedRows:
    """Every row of `lines`, judged, refused where too many are bad; see `events.classified`."""
    limits = account.Limits(source, "engagements", "rejected_events has them.")
    judged = events.classified(lines, source, ENGAGEMENTS, as_of)
    return account.judged_by_content(judged, ENGAGEMENTS, limits)
