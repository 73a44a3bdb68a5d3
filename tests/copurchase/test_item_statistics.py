"""The step of item_statistics, against the plain-Python oracle."""

from datetime import UTC, date, datetime

from alsobought.copurchase.engine.pipeline import pack_purchases
from alsobought.copurchase.item_statistics import item_statistics
from alsobought.copurchase.settings import Baskets
from alsobought.tables.copurchase import ITEM_STATISTICS
from alsobought.tables.stored import Stored
from tests import oracle
from tests.rows import rows

AS_OF = date(2017, 4, 20)
LINES = "market string, customer_id string, order_id string, item_id string, purchased_at timestamp"


def test_statistics_of_both_units_equal_the_oracle(frame):
    """c buys tea twice, in two orders; d buys in another market."""
    at = datetime(2017, 4, 19, tzinfo=UTC)
    bought = [("a", "c", "o1", "tea"), ("a", "c", "o1", "jam"), ("a", "c", "o2", "tea")]
    bought += [("a", "e", "o3", "jam"), ("b", "d", "o4", "tea"), ("b", "d", "o4", "oil")]
    baskets = Baskets(
        units=["order", "customer"],
        look_back_days=9,
        max_items={"order": 9, "customer": 9},
        count_repeats=True,
    )
    purchases = Stored(frame(LINES, *((*line, at) for line in bought)))
    packed = pack_purchases(purchases, baskets, AS_OF)
    statistics = ITEM_STATISTICS.conform(item_statistics(packed).frame)
    want = [
        (unit, market, item, *counts)
        for unit in ("order", "customer")
        for (market, item), counts in oracle.statistics([(*b, 0) for b in bought], unit).items()
    ]
    assert rows(statistics) == sorted(want, key=repr)
