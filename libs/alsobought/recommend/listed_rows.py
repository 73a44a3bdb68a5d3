"""Lists of the compiled loops as rows of `recommendations`."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from alsobought.compiled.array_types import Int32s
from alsobought.recommend.customer_parts import Customers
from alsobought.recommend.kernels.list_arrays import ListedRows
from alsobought.tables.recommend import RECOMMENDATIONS

SOURCES = pa.array(["related", "buy_again", "bestseller"])  # by list_arrays.RELATED and so on


def market_numbers(markets: pa.Array, names: pa.Array) -> Int32s:
    """The position of each customer's market among those of the items; -1: it has no items."""
    numbers = pc.fill_null(pc.index_in(markets, value_set=names), -1)
    return np.array(numbers, np.int32)


def room_for(rows: int, reasons: int) -> ListedRows:
    """Room for so many rows, with the most reasons that each may have."""
    customers, ranks, codes = (np.empty(rows, np.int32) for _ in range(3))
    return ListedRows(
        customers,
        ranks,
        codes,
        np.empty(rows),
        np.empty(rows, np.int32),
        np.zeros(rows + 1, np.int32),
        np.empty(rows * reasons, np.int32),
        np.empty(rows * reasons),
    )


def as_rows(
    listed: ListedRows, rows: int, model: str, customers: Customers, ids: pa.Array
) -> pa.RecordBatch:
    """The first `rows` of a model's lists, with texts; `ids` are those of the items."""
    of_rows = [pa.array(column[:rows]) for column in listed[:5]]
    customer, rank, item, score, source = of_rows
    reasons = listed.reason_starts[rows]
    names = ids.take(pa.array(listed.reason_codes[:reasons]))
    shares = pa.array(listed.reason_shares[:reasons])
    causes = pa.StructArray.from_arrays([names, shares], ["item_id", "share"])
    columns = {
        "market": customers.markets.take(customer),
        "customer_id": customers.ids.take(customer),
        "model": pa.repeat(pa.scalar(model), rows),
        "rank": rank,
        "item_id": ids.take(item),
        "score": score,
        "source": SOURCES.take(source),
        "reasons": pa.ListArray.from_arrays(pa.array(listed.reason_starts[: rows + 1]), causes),
    }
    return pa.record_batch([columns[name] for name in RECOMMENDATIONS.names], RECOMMENDATIONS.names)
