"""What the catalogue says of the items of each market, as arrays by the item's code."""

from functools import reduce
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark import Broadcast
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from alsobought.compiled.array_types import Bools, Int32s, Int64s
from alsobought.compiled.hashing import SPARK_SEED, hash_texts, offsets_and_bytes
from alsobought.copurchase.engine.stages.item_codes import seeds_of
from alsobought.errors import JobError
from alsobought.recommend.coded_items import NONE, ItemCodes
from alsobought.recommend.settings import Recommendations
from alsobought.tables.outcome import Batches


class CatalogueFacts(NamedTuple):
    """Which items lists may show; a number for the part of each one's category path that is
    limited, and for what it has in common with others by each taste: NONE where it lacks that."""

    is_listable: Bools
    limited: Int32s
    tastes: list[Int32s]


def catalogue_facts(
    catalogue: DataFrame, codes: Broadcast[ItemCodes], settings: Recommendations
) -> CatalogueFacts:
    """What `items` says of the items with a code.

    Two texts of n share a number with odds of about n^2 / 3.7e19.
    Cost: one scan; on the driver 13 bytes an item with a code, and 8 for each taste.
    Raises JobError for a taste that no item of the catalogue has.
    """
    tastes = [f"taste_{t}" for t in range(len(settings.tastes))]
    rows = _with_codes(catalogue, codes, settings)
    for taste, name in zip(settings.tastes, tastes, strict=True):
        if rows[name].null_count == len(rows):
            raise JobError(
                f"No item of the catalogue has {' and '.join(taste.by)}, which tastes in "
                f"[jobs.recommendations] names."
            )
    rows = rows.filter(pc.not_equal(rows["code"], NONE))
    items = rows["code"].to_numpy()
    keeps_unknown = settings.lists.unknown_items == "keep"
    is_listable = np.full(len(codes.value), keeps_unknown)
    is_listable[items] = rows["is_available"].to_numpy()
    limited, *of_tastes = (
        _numbers(items, rows[name], len(is_listable)) for name in ("limited", *tastes)
    )
    return CatalogueFacts(is_listable, limited, of_tastes)


def _with_codes(
    catalogue: DataFrame, codes: Broadcast[ItemCodes], settings: Recommendations
) -> pa.Table:
    """code, is_available, and hashes of what is limited and of each taste; null: the item lacks it.

    A row for each market that the item is known in; and with the code NONE what items have that
    are not known.
    """
    limit = settings.max_per_category
    hashes = {"limited": _hash(_part("category", limit.level)) if limit else F.lit(None)}
    for t, taste in enumerate(settings.tastes):
        hashes[f"taste_{t}"] = _hash(*(_part(name, taste.level) for name in taste.by))
    named = [hash_of.cast("bigint").alias(name) for name, hash_of in hashes.items()]
    ddl = ", ".join(["code int", "is_available boolean", *(f"{name} bigint" for name in hashes)])

    def encode(batches: Batches) -> Batches:
        for batch in batches:
            yield from encoded(batch, codes.value)

    rows = catalogue.select("item_id", "is_available", *named)
    return rows.mapInArrow(encode, ddl).toArrow()


def encoded(items: pa.RecordBatch, codes: ItemCodes) -> Batches:
    """The items with a code in place of item_id, once for each market that has one; then what any
    of the batch has, with the code NONE."""
    texts, rest = offsets_and_bytes(items["item_id"]), items.columns[1:]
    names = ["code", *items.schema.names[1:]]
    for seed in seeds_of(codes.market_names, SPARK_SEED):
        hashes: Int64s = hash_texts(np.array([seed]), np.zeros(len(items), np.int32), *texts)
        of_market = codes.of_hashes(hashes)
        rows = pa.array(np.flatnonzero(of_market != NONE))
        taken = [pa.array(of_market).take(rows), *(column.take(rows) for column in rest)]
        yield pa.record_batch(taken, names)
    largest = (pa.array([pc.max(column).as_py()], column.type) for column in rest)
    yield pa.record_batch([pa.array([NONE], pa.int32()), *largest], names)


def _part(name: str, level: int | None) -> Column:
    """The brand, the category path down to a level, or an attribute; null where there is none."""
    if name == "category":
        path = F.slice("category", 1, level or 1)
        return F.when(F.size("category") >= F.lit(level), F.to_json(path))
    return F.col(name) if name == "brand" else F.try_element_at("attributes", F.lit(name))


def _hash(*parts: Column) -> Column:
    """A 64-bit hash of the parts; null where one is."""
    is_whole = reduce(Column.__and__, [part.isNotNull() for part in parts])
    return F.when(is_whole, F.xxhash64(F.to_json(F.array(*parts))))


def _numbers(items: Int32s, hashes: pa.ChunkedArray, count: int) -> Int32s:
    """A number for each distinct hash, by item; NONE where it has none."""
    numbers = np.full(count, NONE, np.int32)
    is_valid = hashes.is_valid().to_numpy()
    _, of_valid = np.unique(hashes.drop_null().to_numpy(), return_inverse=True)
    numbers[items[is_valid]] = of_valid
    return numbers
