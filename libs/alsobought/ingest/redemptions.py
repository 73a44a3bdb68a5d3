"""The rows of redemptions files as `redemptions`: which offer, and when."""

from datetime import date

from pyspark.sql import DataFrame

from alsobought.ingest import account, events
from alsobought.ingest.settings import RedemptionSource
from alsobought.tables.offers import REDEMPTIONS
from alsobought.tables.outcome import Outcome


def redemptions(lines: DataFrame, source: RedemptionSource, as_of: date) -> Outcome:
    """The good rows of `lines`, refused where too many are not; see `events.classified`."""
    judged = events.classified(lines, source, REDEMPTIONS, as_of)
    see = "run the job rejected_events to see them."
    return account.accepted(lines, judged, REDEMPTIONS, account.Limits(source, "redemptions", see))
