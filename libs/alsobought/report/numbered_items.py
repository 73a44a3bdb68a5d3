"""Every item of the page with its number, 0 for the most bought, and where its data lie."""

import hashlib
import json
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from alsobought.compiled.array_types import Floats
from alsobought.report.data_files import shard_of
from alsobought.report.databases import database
from alsobought.report.shown_text import LONGEST, short

IN_A_CHUNK = 4096
PLACES_IN_A_SHARD = 10_000
KEY_HEAD = 160
STATISTICS = ("item_id", "unit", "market", "buyers", "units", "other_purchases")
"""What `with_others` reads of item_statistics."""
WITH_OTHERS = pa.schema(
    [
        ("item_id", pa.string()),
        ("unit", pa.string()),
        ("market", pa.string()),
        ("buyers", pa.int64()),
        ("units", pa.int64()),
        ("median_others", pa.float64()),
        ("mean_others", pa.float64()),
    ]
)
"""What it returns."""
CATALOGUE = ("item_id", "title", "brand", "category", "is_available")
"""What `numbered` reads of items."""


def key_of(item_id: str) -> str:
    """What the page calls an item: its id, or of a long one the beginning and a hash."""
    if len(item_id) <= LONGEST:
        return item_id
    return f"{item_id[:KEY_HEAD]}…{hashlib.sha256(item_id.encode()).hexdigest()[:16]}"


def shards_for(places: int) -> int:
    """How many shards hold so many places of lists."""
    return max(1, -(-places // PLACES_IN_A_SHARD))


def with_others(statistics: pa.Table | pa.RecordBatch) -> pa.Table:
    """The rows with the median and the mean number of other purchases instead of the histogram.

    In: STATISTICS. The median is the smallest number that half of the buyers do not exceed, as
    `related.explanations.median`; a row without a histogram has nulls. Cost: O(bins).
    """
    histograms = statistics.column("other_purchases")
    if isinstance(histograms, pa.ChunkedArray):
        histograms = histograms.combine_chunks()
    lengths = pc.fill_null(pc.list_value_length(histograms), 0).to_numpy(zero_copy_only=False)
    bins = histograms.flatten()
    others, buyers = (
        bins.field(name).to_numpy(zero_copy_only=False) for name in ("others", "buyers")
    )
    median, mean = _medians_and_means(lengths, others.astype(float), buyers.astype(float))
    columns = {name: statistics.column(name) for name in STATISTICS if name != "other_purchases"}
    columns["median_others"] = pa.array(median, pa.float64(), from_pandas=True)
    columns["mean_others"] = pa.array(mean, pa.float64(), from_pandas=True)
    return pa.table(columns).cast(WITH_OTHERS)


def _medians_and_means(lengths: Floats, others: Floats, buyers: Floats) -> tuple[Floats, Floats]:
    """Of histograms that lie one after the other, with so many bins; NaN for one without any."""
    ends = np.cumsum(lengths)
    starts = ends - lengths
    so_far = np.concatenate([[0.0], np.cumsum(buyers)])
    weighted = np.concatenate([[0.0], np.cumsum(others * buyers)])
    total = so_far[ends] - so_far[starts]
    # the first bin up to which there are half of the buyers; counts are whole, so sums are exact
    at_half = np.searchsorted(so_far[1:], so_far[starts] + np.ceil(total / 2))
    median = np.full(len(lengths), np.nan)
    is_there = total > 0
    median[is_there] = others[at_half[is_there]]
    mean = np.full(len(lengths), np.nan)
    np.divide(weighted[ends] - weighted[starts], total, out=mean, where=is_there)
    return median, mean


def numbered(catalogue: pa.Table, statistics: pa.Table, listed: pa.Table, shards: int) -> pa.Table:
    """Every item by its number: item_id, number, key, shard, title, brand, category, buyers.

    In: CATALOGUE; item_id and buyers of item_statistics; `listed`, the item_id of what is in lists.
    The most bought of any unit comes first; ties by item_id as text. `is_available` is null where
    the catalogue does not have the item. Memory and cost: O(items).
    """
    with database(catalogue=catalogue, bought=statistics, listed=listed) as connection:
        rows = connection.sql(
            "WITH bought AS (SELECT item_id, max(buyers) AS buyers FROM bought GROUP BY item_id),"
            " ids AS (SELECT item_id FROM catalogue UNION SELECT item_id FROM bought"
            " UNION SELECT item_id FROM listed)"
            " SELECT ids.item_id, title, brand, array_to_string(category, ' › ') AS category,"
            " is_available, coalesce(buyers, 0)::BIGINT AS buyers FROM ids"
            " LEFT JOIN catalogue USING (item_id) LEFT JOIN bought USING (item_id)"
            " ORDER BY coalesce(buyers, 0) DESC, ids.item_id"
        ).to_arrow_table()
    keys = [key_of(item_id) for item_id in rows["item_id"].to_pylist()]
    numbers = pa.array(range(len(keys)), pa.int32())
    of_keys = pa.array([shard_of(key, shards) for key in keys], pa.int32())
    rows = rows.append_column("number", numbers).append_column("key", pa.array(keys, pa.string()))
    return rows.append_column("shard", of_keys)


def chunks(items: pa.Table) -> Iterator[str]:
    """The search index as JSON, a text for each IN_A_CHUNK items: columns of keys, titles, ...

    Availability: 1 it is, 0 it is not, null the catalogue does not have the item.
    """
    for start in range(0, items.num_rows, IN_A_CHUNK):
        rows = items.slice(start, IN_A_CHUNK)
        columns = {
            "keys": rows["key"].to_pylist(),
            "titles": _short(rows["title"].to_pylist()),
            "brands": _short(rows["brand"].to_pylist()),
            "categories": _short(rows["category"].to_pylist()),
            "available": [None if a is None else int(a) for a in rows["is_available"].to_pylist()],
            "buyers": rows["buyers"].to_pylist(),
        }
        yield json.dumps(columns, ensure_ascii=False, separators=(",", ":"))


def _short(texts: Sequence[str | None]) -> list[str]:
    return ["" if text is None else short(text) for text in texts]
