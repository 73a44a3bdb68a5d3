"""The files of candidates, read by Spark's workers in whole groups, and those of the catalogue."""

import heapq
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from alsobought.compiled.array_types import Int64s
from alsobought.tables.copurchase import CO_PURCHASES
from alsobought.tables.outcome import Batches
from alsobought.tables.stored import WHOLE_GROUPS, Stored

ROWS_PER_BATCH = 1 << 17
GROUP = CO_PURCHASES.whole_groups


def have_whole_groups(files: Sequence[str]) -> bool:
    """Whether each group of candidates lies in one of the files, in one piece; not for no files.

    Cost: the footer of each file is read.
    """
    promised = ",".join(GROUP).encode()
    footers = (pq.read_metadata(file) for file in files)
    return bool(files) and all((f.metadata or {}).get(WHOLE_GROUPS) == promised for f in footers)


def shared_out(files: Sequence[str], tasks: int) -> list[list[str]]:
    """At most `tasks` shares of the files, of about equal rows: the largest go to the lightest."""
    sizes = sorted(((pq.read_metadata(file).num_rows, file) for file in files), reverse=True)
    loads = [(0, share) for share in range(min(tasks, len(files)))]
    shares: list[list[str]] = [[] for _ in loads]
    for rows, file in sizes:
        load, share = loads[0]
        shares[share].append(file)
        heapq.heapreplace(loads, (load + rows, share))
    return shares


def whole_groups(file: str) -> Batches:
    """The candidates of a file in batches of whole groups.

    Memory: ROWS_PER_BATCH rows and a group, and a row group as it lies in the file.
    """
    columns = list(CO_PURCHASES.names)
    batches = pq.ParquetFile(file).iter_batches(ROWS_PER_BATCH, columns=columns, use_threads=False)
    rest: list[pa.RecordBatch] = []
    for batch in batches:
        rows = pa.concat_batches([*rest, batch.select(columns)])
        last = int(group_starts(rows)[-1])
        if last:
            yield rows.slice(0, last)
        rest = [rows.slice(last)]
    yield from rest


def group_starts(candidates: pa.RecordBatch) -> Int64s:
    """The rows that are the first of their group."""
    is_first = np.zeros(len(candidates), bool)
    is_first[:1] = True
    for name in GROUP:
        values = candidates[name]
        differs = pc.not_equal(values.slice(1), values.slice(0, max(0, len(values) - 1)))
        is_first[1:] |= differs.to_numpy(zero_copy_only=False)
    return np.flatnonzero(is_first)


def available_items(items: Stored) -> pa.StringArray:
    """The ids of the available items, ascending as text. Cost: all are on the driver."""
    columns = ["item_id", "is_available"]
    if items.files:
        table = pq.read_table(list(items.files), columns=columns, partitioning=None)
    else:
        table = items.rows.select(*columns).toArrow()
    ids = pc.unique(table.filter(pc.field("is_available"))["item_id"].cast(pa.string()))
    return ids.take(pc.array_sort_indices(ids))
