"""The catalogue's items by their codes: only what is known in a market, and what others have."""

import pyarrow as pa

from alsobought.recommend.catalogue_facts import encoded
from alsobought.recommend.coded_items import NONE, item_codes


def test_an_item_has_a_row_for_each_market_that_knows_it():
    """b is known in both markets; x, which is in none, has the only taste."""
    codes = item_codes(pa.table({"market": ["m", "m", "n", "n"], "item_id": ["a", "b", "b", "c"]}))
    assert codes.ids.to_pylist() == ["a", "b", "b", "c"]
    catalogue = {
        "item_id": pa.array(["b", "x", "a"]),
        "is_available": pa.array([True, False, False]),
        "limited": pa.array([7, 8, None], pa.int64()),
        "taste_0": pa.array([None, 5, None], pa.int64()),
    }
    batches = list(encoded(pa.RecordBatch.from_pydict(catalogue), codes))
    assert [tuple(row.values()) for batch in batches for row in batch.to_pylist()] == [
        (1, True, 7, None),
        (0, False, None, None),
        (2, True, 7, None),
        (NONE, True, 8, 5),
    ]
