"""A year of Complete Journey's offers as arrays, with all that became of them."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from alsobought.days import DAY_MICROS, micros
from alsobought.ingest import files
from alsobought.ingest.engagements import engagements
from alsobought.ingest.offers import offers
from alsobought.ingest.purchases import purchases
from alsobought.ingest.redemptions import redemptions
from alsobought.ingest.rules import good
from alsobought.ingest.settings import Source, Sources, configured
from alsobought.learn.arrays import Floats, Integers, to_floats
from alsobought.sampling import keyed
from alsobought.tables.offers import ENGAGEMENTS, OFFERS, REDEMPTIONS
from alsobought.tables.outcome import JudgedRows
from alsobought.tables.purchases import PURCHASES
from alsobought.tables.table import Table
from alsobought.training.offers.matured_history import EncodedHistory, collect_history, delays
from alsobought.training.offers.redemption_examples import OfferTables, redemption_examples
from alsobought.training.offers.settings import Redemption
from benchmarks.redemption.world import Offers
from demo import complete_journey

CHECKED, AFTER_ALL = date(2017, 8, 25), date(2019, 1, 1)


@dataclass(frozen=True)
class Year:
    """All offers with all that became of them, and the replays of them all."""

    offers: Offers
    issued: Integers
    customer: Integers
    """Hashes, of which that of the replays is one."""
    replays: EncodedHistory


def sources(spark: SparkSession, folder: Path, of: Sources) -> OfferTables:
    """The demo's flat files by the rules of the ingest."""
    complete_journey.main(folder / "warehouse" / "sources")

    def lines(source: Source) -> DataFrame:
        return files.read(spark, source, folder, files.listed(spark, source, folder))

    def rows(judged: JudgedRows, table: Table) -> DataFrame:
        return good(judged.rows, table).dropDuplicates(list(table.key)).cache()

    of_offers, of_engagements = configured(of.offers), configured(of.engagements)
    of_redemptions = configured(of.redemptions)
    return OfferTables(
        rows(offers(lines(of_offers), of_offers, AFTER_ALL), OFFERS),
        rows(engagements(lines(of_engagements), of_engagements, AFTER_ALL), ENGAGEMENTS),
        rows(redemptions(lines(of_redemptions), of_redemptions, AFTER_ALL), REDEMPTIONS),
        rows(purchases(lines(of.purchases), of.purchases, AFTER_ALL), PURCHASES),
    )


def loaded(tables: OfferTables, settings: Redemption) -> Year:
    """The year's offers, sorted by id."""
    examples = redemption_examples(tables, settings, AFTER_ALL, 1.0).frame.cache()
    replays = collect_history(examples, settings)
    rows = _arrow(examples, settings)
    offers = Offers(replays.encoder.matrix(rows["features"]), *_events(rows))
    return Year(offers, rows["issued"].to_numpy(), rows["customer"].to_numpy(), replays)


def _arrow(examples: DataFrame, settings: Redemption) -> pa.Table:
    return (
        examples.select(
            "offer_id",
            F.unix_micros("issued_at").alias("issued"),
            keyed("customer_id", seed=settings.seed).alias("customer"),
            "age_days",
            "features",
            *delays(),
        )
        .toArrow()
        .sort_by("offer_id")
    )


def _events(rows: pa.Table) -> tuple[Floats, Floats]:
    return to_floats(rows["engaged_after"]), to_floats(rows["redeemed_after"])


def check(year: Year, tables: OfferTables, settings: Redemption) -> None:
    """Raise AssertionError unless the arrays as of CHECKED are what the job's step gives."""
    rows = _arrow(redemption_examples(tables, settings, CHECKED, 1.0).frame, settings)
    age = age_on(year, CHECKED)
    issued = age > 0
    visible = year.offers.visible(age)
    np.testing.assert_array_equal(rows["issued"].to_numpy(), year.issued[issued])
    np.testing.assert_array_equal(to_floats(rows["age_days"]), age[issued])
    features = year.replays.encoder.matrix(rows["features"])
    np.testing.assert_array_equal(features, year.offers.features[issued])
    seen = (visible.engaged_after[issued], visible.redeemed_after[issued])
    np.testing.assert_array_equal(_events(rows), seen)


def age_on(year: Year, day: date) -> Floats:
    return (micros(day) - year.issued) / DAY_MICROS
