"""The rows of engagements files as `engagements`: which offer, and when."""

from datetime import date

from pyspark.sql import DataFrame

from alsobought.ingest import account, events
from alsobought.ingest.settings import EngagementSource
from alsobought.tables.offers import ENGAGEMENTS
from alsobought.tables.outcome import Outcome


def engagements(lines: DataFrame, source: EngagementSource, as_of: date) -> Outcome:
    """The good rows of `lines`, refused where too many are not; see `events.classified`."""
    judged = events.classified(lines, source, ENGAGEMENTS, as_of)
    see = "run the job rejected_events to see them."
    return account.accepted(lines, judged, ENGAGEMENTS, account.Limits(source, "engagements", see))
