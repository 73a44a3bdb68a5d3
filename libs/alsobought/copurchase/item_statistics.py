"""The step of item_statistics: how many units hold each item, and what else those units bought."""

from alsobought.copurchase.engine import pipeline
from alsobought.copurchase.engine.pipeline import PackedBaskets
from alsobought.tables.outcome import Outcome


def item_statistics(packed: PackedBaskets) -> Outcome:
    """Every item's buyers, share and histogram of other purchases, for every unit and market.

    Out:  `item_statistics`; its notes are what was left out and counted together.
    Cost: one pass over the packed baskets, when the rows are written.
    """
    return Outcome(pipeline.count_item_statistics(packed), notes=packed.notes)
