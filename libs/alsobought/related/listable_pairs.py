"""Which pairs lists may show, and what else ranking must know of them: kinds, and what limits
count."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from alsobought.compiled.array_types import Bools, Int32s, Int64s
from alsobought.compiled.hashing import hash_columns
from alsobought.copurchase.settings import Lists
from alsobought.errors import JobError
from alsobought.related.candidate_files import columns_of, sorted_ids
from alsobought.tables.stored import Stored

PAIR = ("market", "item_id", "related_item_id")
NONE = -1
NO_HASHES: Int64s = np.empty(0, np.int64)


class ListInputs(NamedTuple):
    """What says which pairs may be listed, beside the candidates themselves.

    items: `items`. unknown: the ids of items that are not in the catalogue, for
    lists.unknown_items = "keep". kinds: `related_kinds`, for lists.kinds and lists.min_customers.
    """

    items: Stored
    unknown: pa.Array | None = None
    kinds: DataFrame | None = None


class PairKinds(NamedTuple):
    """The pairs of the kinds that are asked for: Spark's xxhash64 of PAIR, ascending, and the
    position of each one's kind among those."""

    hashes: Int64s
    kinds: Int32s


class ListablePairs(NamedTuple):
    """ids: the items that may be listed, ascending as text; alike, a row an item and a column a
    limit: a number for what it has in common with others, NONE where it has nothing there."""

    ids: pa.StringArray
    alike: Int32s
    kinds: PairKinds
    of_few: Int64s = NO_HASHES
    """Spark's xxhash64 of PAIR of those that too few customers had in one order, ascending."""


def listable_pairs(inputs: ListInputs, lists: Lists) -> ListablePairs:
    """What ranking must know of items and pairs.

    Cost: of all available items the id, and what limits count, are on the driver; of the pairs of
    the kinds that are asked for 12 bytes each, of those of few customers 8. Raises JobError for
    kinds and few customers without the table that has them.
    """
    catalogue = columns_of(inputs.items, "item_id", "is_available", *lists.limits)
    catalogue = catalogue.filter(pc.field("is_available"))
    ids = sorted_ids(catalogue["item_id"])
    if lists.unknown_items == "keep" and inputs.unknown is not None:
        ids = sorted_ids(pa.chunked_array([ids, inputs.unknown.cast(ids.type)]))
    columns = [_numbers(catalogue, name, ids) for name in lists.limits]
    alike = np.stack(columns, axis=1) if columns else np.empty((len(ids), 0), np.int32)
    return ListablePairs(
        ids,
        alike,
        _pair_kinds(inputs.kinds, lists.kinds),
        _of_few(inputs.kinds, lists.min_customers),
    )


def _numbers(catalogue: pa.Table, name: str, ids: pa.StringArray) -> Int32s:
    """A number for the text of a column, or for a whole category path, of each id; NONE: none."""
    values = catalogue[name].combine_chunks()
    if pa.types.is_list(values.type):
        values = pc.if_else(pc.greater(pc.list_value_length(values), 0), values, None)
        values = pc.binary_join(values.cast(pa.list_(pa.string())), "\0")
    rows = pc.index_in(ids, value_set=catalogue["item_id"].combine_chunks())
    numbers = values.dictionary_encode().indices.take(rows)
    filled: Int32s = pc.fill_null(numbers, NONE).to_numpy().astype(np.int32)
    return filled


def _pair_kinds(pairs: DataFrame | None, kinds: Sequence[str]) -> PairKinds:
    if not kinds:
        return PairKinds(np.empty(0, np.int64), np.empty(0, np.int32))
    asked = _required(pairs, "kinds").where(F.col("kind").isin([*kinds]))
    rows = asked.select(F.xxhash64(*PAIR).alias("hash"), "kind").toArrow()
    hashes = rows["hash"].to_numpy()
    numbers = pc.index_in(rows["kind"].combine_chunks(), value_set=pa.array([*kinds]))
    order = np.argsort(hashes)
    return PairKinds(hashes[order], numbers.to_numpy().astype(np.int32)[order])


def _of_few(pairs: DataFrame | None, min_customers: int | None) -> Int64s:
    if min_customers is None:
        return NO_HASHES
    few = _required(pairs, "min_customers").where(F.col("customers_together") < min_customers)
    by_order = few.where("order_lift IS NOT NULL").select(F.xxhash64(*PAIR).alias("hash"))
    return np.sort(by_order.toArrow()["hash"].to_numpy())


def _required(pairs: DataFrame | None, setting: str) -> DataFrame:
    if pairs is None:
        raise JobError(
            f"[lists] {setting} needs the table related_kinds: add [jobs.related_kinds]."
        )
    return pairs


def have_enough_customers(candidates: pa.RecordBatch, of_few: Int64s) -> Bools:
    """Which candidates are of another unit than the order, or not among the pairs of few."""
    if not len(of_few):
        return np.ones(len(candidates), bool)
    hashes = hash_columns([candidates[name] for name in PAIR])
    by_order = pc.equal(candidates["unit"], "order").to_numpy(zero_copy_only=False)
    is_of_few: Bools = by_order & (of_few[_places(hashes, of_few)] == hashes)
    return ~is_of_few


def _places(hashes: Int64s, ascending: Int64s) -> Int64s:
    """Where each hash stands, if it stands among those."""
    return np.minimum(np.searchsorted(ascending, hashes), len(ascending) - 1)


def kinds_of(candidates: pa.RecordBatch, kinds: PairKinds) -> Int32s:
    """The number of each candidate's kind; NONE: of another kind, or of another relation than
    `together`, whose counts kinds are made of."""
    numbers = np.full(len(candidates), NONE, np.int32)
    if not len(kinds.hashes):
        return numbers
    hashes = hash_columns([candidates[name] for name in PAIR])
    places = _places(hashes, kinds.hashes)
    together = pc.equal(candidates["relation"], "together").to_numpy(zero_copy_only=False)
    is_asked = (kinds.hashes[places] == hashes) & together
    numbers[is_asked] = kinds.kinds[places[is_asked]]
    return numbers


def listed_relations(relations: pa.Array, kinds: Sequence[str], chosen: Int32s) -> pa.Array:
    """The relation of each row: its kind where it is in a list of one kind, else its own.

    `chosen`: 0 for a list of all pairs, from 1 on the kinds.
    """
    names = pa.array([None, *kinds], pa.string()).take(pa.array(chosen))
    return pc.coalesce(names, relations.cast(pa.string()))
