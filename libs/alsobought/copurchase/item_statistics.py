"""The step of item_statistics: how many units hold each item, and what else those units bought."""

from datetime import date

from alsobought.copurchase.engine import pipeline
from alsobought.copurchase.settings import Baskets
from alsobought.tables.outcome import Outcome
from alsobought.tables.stored import Stored


def item_statistics(purchases: Stored, baskets: Baskets, as_of: date) -> Outcome:
    """Every item's buyers, share and histogram of other purchases, for every unit and market.

    Out:  `item_statistics`.
    Cost: one scan of the window and the packing of its baskets before this returns.
    Raises JobError for an empty window.
    """
    packed = pipeline.pack_purchases(purchases, baskets, as_of, with_histograms=True)
    return Outcome(pipeline.count_item_statistics(packed))
