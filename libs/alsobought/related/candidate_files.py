"""The files of candidates, read by Spark's workers in whole groups, and those of the catalogue."""

import heapq
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import StructType

from alsobought import storage
from alsobought.compiled.array_types import Int64s
from alsobought.copurchase.engine.stages.item_codes import one_array
from alsobought.copurchase.settings import Lists
from alsobought.tables.copurchase import CO_PURCHASES
from alsobought.tables.outcome import Batches
from alsobought.tables.stored import WHOLE_GROUPS, Stored

ROWS_PER_BATCH = 1 << 17
GROUP = CO_PURCHASES.whole_groups
SCHEMA = to_arrow_schema(StructType([*CO_PURCHASES.columns]))


def have_whole_groups(files: Sequence[str]) -> bool:
    """Whether each group of candidates lies in one of the files, in one piece; not for no files.

    Cost: the footer of each file is read.
    """
    promised = ",".join(GROUP).encode()
    footers = (storage.footer(file) for file in files)
    return bool(files) and all((f.metadata or {}).get(WHOLE_GROUPS) == promised for f in footers)


def shared_out(files: Sequence[str], tasks: int) -> list[list[str]]:
    """At most `tasks` shares of the files, of about equal rows: the largest go to the lightest."""
    sizes = sorted(((storage.footer(file).num_rows, file) for file in files), reverse=True)
    loads = [(0, share) for share in range(min(tasks, len(files)))]
    shares: list[list[str]] = [[] for _ in loads]
    for rows, file in sizes:
        load, share = loads[0]
        shares[share].append(file)
        heapq.heapreplace(loads, (load + rows, share))
    return shares


def whole_groups(file: str) -> Batches:
    """The candidates of a file in batches of whole groups.

    A column is null that the file does not have, as it is older than the column.
    Memory: ROWS_PER_BATCH rows and a group, and a row group as it lies in the file.
    """
    candidates = storage.parquet_file(file)
    there = [name for name in CO_PURCHASES.names if name in candidates.schema_arrow.names]
    batches = candidates.iter_batches(ROWS_PER_BATCH, columns=there, use_threads=False)
    yield from in_whole_groups(map(_with_all_columns, batches))


def _with_all_columns(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch with the columns of the contract; each that it does not have is null."""
    there = set(batch.schema.names)
    for field in SCHEMA:
        if field.name not in there:
            batch = batch.append_column(field.name, pa.nulls(len(batch), field.type))
    return batch.select(SCHEMA.names)


def in_whole_groups(batches: Batches) -> Batches:
    """The same rows in batches of whole groups; each group is in one piece, but may be cut."""
    rest: list[pa.RecordBatch] = []
    for batch in batches:
        if not len(batch):
            continue
        rows = pa.concat_batches([*rest, batch])
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


def sorted_ids(ids: pa.ChunkedArray) -> pa.StringArray:
    """The distinct ids, ascending as text."""
    distinct = pc.unique(one_array(ids))
    return distinct.take(pc.array_sort_indices(distinct))


@dataclass(frozen=True)
class UnknownItems:
    """The items that were bought and are not in the catalogue.

    bought: how many items were bought in all; shares: of each unit's purchases, those of these.
    """

    ids: pa.StringArray
    bought: int
    shares: dict[str, float]

    def in_words(self, lists: Lists) -> list[str]:
        """How many there are, and whether lists show them, in a sentence; none: no sentence."""
        if not len(self.ids):
            return []
        shares = " and ".join(f"{share:.1%} by {unit}" for unit, share in self.shares.items())
        show = "may show" if lists.unknown_items == "keep" else "do not show"
        return [
            f"{len(self.ids):,} of {self.bought:,} items that were bought are not in the catalogue "
            f"({shares} of the purchases): lists {show} them ([lists] unknown_items = "
            f'"{lists.unknown_items}")'
        ]


def unknown_items(items: Stored, statistics: Stored, groups: Collection[str]) -> UnknownItems:
    """The items of `item_statistics` that are not in `items`; the purchases of groups of markets
    are those of their markets. Cost: the ids and counts of all items are on the driver."""
    catalogue = one_array(columns_of(items, "item_id")["item_id"])
    bought = columns_of(statistics, "unit", "market", "item_id", "purchases")
    is_group = pc.is_in(bought["market"], value_set=pa.array([*groups], bought["market"].type))
    bought = bought.filter(pc.invert(is_group))
    ids = bought["item_id"].cast(catalogue.type)
    unknown = bought.filter(pc.invert(pc.is_in(ids, value_set=catalogue)))
    sums, of_unknown = (
        dict(zip(*table.group_by("unit").aggregate([("purchases", "sum")]).columns, strict=True))
        for table in (bought, unknown)
    )
    shares = {
        unit.as_py(): of_unknown[unit].as_py() / total.as_py() if unit in of_unknown else 0.0
        for unit, total in sums.items()
    }
    count = pc.count_distinct(bought["item_id"]).as_py()
    return UnknownItems(sorted_ids(unknown["item_id"]), count, dict(sorted(shares.items())))


def columns_of(table: Stored, *names: str) -> pa.Table:
    """Columns of a table, `item_id` among them, as text. Cost: all rows are on the driver."""
    if table.files:
        rows = storage.columns_of(table.files, names)
    else:
        rows = table.rows.select(*names).toArrow()
    item_ids = rows["item_id"].cast(pa.string())
    return rows.set_column(rows.schema.get_field_index("item_id"), "item_id", item_ids)
