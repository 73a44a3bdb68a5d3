"""The rows of offer, engagement and redemption files that broke a rule, as `rejected_events`."""

from datetime import date
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from alsobought.ingest import events, offers
from alsobought.ingest.rules import rejected, source_columns
from alsobought.ingest.settings import Sources, configured
from alsobought.tables.offers import ENGAGEMENTS, REDEMPTIONS


def rejected_events(lines: dict[str, DataFrame], sources: Sources, as_of: date) -> DataFrame:
    """Every row that broke a rule, however many they are, with all its reasons.

    In: `lines` by source: offers, engagements, redemptions.
    """
    of_engagements, of_redemptions = (lines[name] for name in ("engagements", "redemptions"))
    judged = {
        "offers": offers.classified(lines["offers"], configured(sources.offers), as_of),
        "engagements": events.classified(
            of_engagements, configured(sources.engagements), ENGAGEMENTS, as_of
        ),
        "redemptions": events.classified(
            of_redemptions, configured(sources.redemptions), REDEMPTIONS, as_of
        ),
    }
    parts = [
        rejected(rows, source_columns(lines[name])).withColumn("source", F.lit(name))
        for name, rows in judged.items()
    ]
    return reduce(DataFrame.unionByName, parts)
