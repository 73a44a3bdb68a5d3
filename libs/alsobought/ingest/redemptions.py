"""The rows of redemptions files as `redemptions`: which offer, and when."""

from datetime import date

from pyspark.sql import DataFrame

from alsobought.ingest import account, events
from alsobought.ingest.settings import RedemptionSource
from alsobought.tables.offers import REDEMPTIONS
from alsobought.tables.outcome import JudgedRows


def redemptions(lines: DataFrame, source: RedemptionSource, as_of: date) -> JudgedRows:
    """Every row of `lines`, judged, refused where too many are bad; see `events.classified`."""
    limits = account.Limits(source, "redemptions", "rejected_events has them.")
    judged = events.classified(lines, source, REDEMPTIONS, as_of)
    return account.judged_by_content(judged, REDEMPTIONS, limits)
