"""The related items of every trigger, merged over the sources, as arrays."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import itemgetter
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from pyspark import Broadcast
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from alsobought.compiled.array_types import Float32s, Floats, Int32s, Int64s
from alsobought.copurchase.engine.envelopes import (
    Envelope,
    Kind,
    Row,
    key_of,
    rows_by_key,
    rows_of,
)
from alsobought.copurchase.engine.stages.lines import in_chunks
from alsobought.errors import JobError
from alsobought.recommend.coded_items import NONE, ItemCodes
from alsobought.recommend.formulas import log_lifts
from alsobought.recommend.kernels.list_arrays import RelatedLists
from alsobought.recommend.settings import Recommendations, Source

ITEMS_PER_BLOCK = 1 << 14  # whose lists a task merges: of 50 places 100 MB while it works
VALUE_BYTES = 4  # of a place: the code of Y, and what X adds to it by each model

Batches = Iterator[pa.RecordBatch]


class SourceRows(NamedTuple):
    """Places of lists: the number of the source, items X and Y, score, ln((N + a) / (E + a)).

    Of n sources those of cold starts have the numbers from n on.
    """

    sources: Int32s
    items: Int32s
    related: Int32s
    scores: Floats
    log_lifts: Floats


class MergedLists(NamedTuple):
    """The lists of a block's items: how long each is, and Y of each place; the values of the first
    model's places, of the next one's; and how many items have a list in each source."""

    lengths: Int32s
    related: Int32s
    values: Float32s
    listing: Int64s


ROWS = Kind("row", SourceRows)
BLOCKS = Envelope(["block"], ROWS)
"""related_items to the tasks that merge: the places of a block's items."""
MERGED = Kind("merged", MergedLists)
LISTS = Envelope(["block"], MERGED)
"""These to the driver: the lists of a block's items."""


@dataclass(frozen=True)
class TriggerLists:
    """The merged lists by model, and how many items have one in each source."""

    of_models: dict[str, RelatedLists]
    listing: list[int]


def trigger_lists(
    related: DataFrame,
    cold_start: DataFrame | None,
    codes: Broadcast[ItemCodes],
    settings: Recommendations,
) -> TriggerLists:
    """The lists of each item, merged over the sources, by model.

    In:   `related_items`; `cold_start_items`, whose lists take the place of the items' own.
    Cost: two scans of the lists, and a shuffle of 28 bytes a place. Of a merged place 4 bytes, and
          4 for each model, are on the driver, twice while they are put together, and in every
          Python worker: 100,000 items with 50 related each and one model take 40 MB, 10,000,000
          4 GB. More than lists_memory_mb is refused.
    Raises JobError for a source that related_items has no list of, and for lists that are too many.
    """
    require_memory(_require_sources(related, settings.sources), settings)
    blocks = max(1, -(-len(codes.value) // ITEMS_PER_BLOCK))
    rows = _by_block(related, codes, settings, 0)
    if cold_start is not None:
        rows = rows.union(_by_block(cold_start, codes, settings, len(settings.sources)))
    items = len(codes.value)

    def merge(batches: Batches) -> Batches:
        for block, rows_of_block in rows_by_key(batches, "block").items():
            first = block * ITEMS_PER_BLOCK
            codes_of_block = range(first, min(first + ITEMS_PER_BLOCK, items))
            lists = merged(ROWS.read_joined(rows_of_block), settings, codes_of_block)
            yield LISTS.row(MERGED, lists, block=block)

    together = rows.repartitionById(blocks, F.col("block"))
    cells = together.mapInArrow(merge, LISTS.ddl).toArrow().to_batches()
    return joined(rows_of(cells), settings, items)


def _require_sources(related: DataFrame, sources: Sequence[Source]) -> int:
    """The places of all lists of the sources. Raises JobError where one has none."""
    numbers = _number(sources)
    of_source = [F.count_if(numbers == F.lit(i)) for i in range(len(sources))]
    counts = related.select(*of_source).collect()[0]
    for source, count in zip(sources, counts, strict=True):
        if not count:
            kinds = related.select("unit", "relation", "metric").distinct().collect()
            there = "; ".join(sorted(", ".join(kind) for kind in kinds)) or "none at all"
            raise JobError(
                f"related_items has no list of {source.unit}, {source.relation}, {source.metric}, "
                f"which sources in [jobs.recommendations] names; there are: {there}."
            )
    return sum(counts)


def require_memory(places: int, settings: Recommendations) -> None:
    """Raise JobError where the lists may take more memory than the settings allow."""
    megabytes = -(-places * VALUE_BYTES * (1 + len(settings.models)) >> 20)
    if megabytes > settings.lists_memory_mb:
        raise JobError(
            f"The lists that sources in [jobs.recommendations] names have {places:,} places, which "
            f"take up to {megabytes:,} MB on the driver and in each worker, more than "
            f"lists_memory_mb = {settings.lists_memory_mb:,} there: raise it where there is as "
            f"much, or take fewer models, sources or places (top_k in [jobs.related_items])."
        )


def _by_block(
    lists: DataFrame, codes: Broadcast[ItemCodes], settings: Recommendations, first_number: int
) -> DataFrame:
    """The places of the sources' lists as BLOCKS rows, the sources numbered from `first_number` on;
    those of items without a code are left out."""
    hashes = (F.xxhash64("market", item).alias(item) for item in ("item_id", "related_item_id"))
    source = (_number(settings.sources) + F.lit(first_number)).alias("source")
    rows = lists.select(source, *hashes, "score", F.col("both").cast("double"), "expected")
    shrinkage = settings.shrinkage

    def encode(batches: Batches) -> Batches:
        for batch in in_chunks(batches):
            rows_of_chunk = _encoded(batch, codes.value, shrinkage)
            order = np.argsort(rows_of_chunk.items, kind="stable")
            ordered = [column[order] for column in rows_of_chunk]
            blocks, starts = np.unique(ordered[1] // ITEMS_PER_BLOCK, return_index=True)
            shares = zip(*(np.split(column, starts[1:]) for column in ordered), strict=True)
            if len(blocks):
                yield BLOCKS.rows(ROWS, [*map(ROWS.of, shares)], {"block": blocks.tolist()})

    return rows.where("source IS NOT NULL").mapInArrow(encode, BLOCKS.ddl)


def _number(sources: Sequence[Source]) -> Column:
    """The position of a row's source among those of the settings; null: it is of none."""
    positions = F.lit(None).cast("int")
    for i, source in enumerate(sources):
        named = {"unit": source.unit, "relation": source.relation, "metric": source.metric}
        is_of = reduce(Column.__and__, [F.col(n) == F.lit(value) for n, value in named.items()])
        positions = F.when(is_of, F.lit(i)).otherwise(positions)
    return positions


def _encoded(batch: pa.RecordBatch, codes: ItemCodes, shrinkage: float) -> SourceRows:
    items, related = (
        codes.of_hashes(batch[name].to_numpy()) for name in ("item_id", "related_item_id")
    )
    lifts = log_lifts(batch["both"].to_numpy(), batch["expected"].to_numpy(), shrinkage)
    columns = (batch["source"].to_numpy(), items, related, batch["score"].to_numpy(), lifts)
    is_coded = (items != NONE) & (related != NONE)
    return SourceRows(*(column[is_coded] for column in columns))


def merged(rows: SourceRows, settings: Recommendations, codes: range) -> MergedLists:
    """The lists of the items with these codes: the places of one X and Y as one.

    sum: the sum of weight * score; maximum: the largest; calibrated: the mean of the log lifts by
    weight over all sources, where a list that leaves Y out says 0.
    """
    rows = _with_cold_start(rows, len(settings.sources))
    sources = range(len(settings.sources))
    listing = [len(np.unique(rows.items[rows.sources == source])) for source in sources]
    keys = rows.items.astype(np.int64) << 32 | rows.related
    order = np.lexsort((rows.sources, keys)) if len(settings.sources) > 1 else np.argsort(keys)
    keys, firsts = np.unique(keys[order], return_index=True)
    weights = np.array([source.weight for source in settings.sources])
    by_row = weights[rows.sources[order]]
    scores, lifts = by_row * rows.scores[order], by_row * rows.log_lifts[order]
    merges: Mapping[str, Floats] = {
        "sum": _reduced(np.add, scores, firsts),
        "maximum": _reduced(np.maximum, scores, firsts),
        "calibrated": _reduced(np.add, lifts, firsts) / weights.sum(),
    }
    lengths = np.bincount((keys >> 32) - codes.start, minlength=len(codes))
    values = np.concatenate([merges[model] for model in settings.models])
    return MergedLists(
        lengths.astype(np.int32),
        (keys & 0xFFFFFFFF).astype(np.int32),
        values.astype(np.float32),
        np.array(listing, np.int64),
    )


def _with_cold_start(rows: SourceRows, sources: int) -> SourceRows:
    """The places of lists, those of cold starts alone for the items that have them, with the
    numbers of the sources."""
    is_cold, numbers = rows.sources >= sources, rows.sources % sources
    lists = rows.items.astype(np.int64) * sources + numbers
    is_kept = is_cold | ~np.isin(lists, lists[is_cold])
    return ROWS.of(column[is_kept] for column in rows._replace(sources=numbers))


def _reduced(ufunc: np.ufunc, values: Floats, firsts: np.ndarray) -> Floats:
    """The values from each first to the next as one."""
    reduced: Floats = ufunc.reduceat(values, firsts) if len(values) else values
    return reduced


def joined(rows: Iterator[Row], settings: Recommendations, items: int) -> TriggerLists:
    """The lists of all blocks, which LISTS rows hold."""
    by_block = sorted(((key_of(row, "block"), MERGED.read(row)) for row in rows), key=itemgetter(0))
    lengths = np.zeros(items, np.int64)
    for block, lists in by_block:
        first = block * ITEMS_PER_BLOCK
        lengths[first : first + len(lists.lengths)] = lists.lengths
    starts = np.concatenate([[0], np.cumsum(lengths)])
    related = np.concatenate([np.empty(0, np.int32), *(lists.related for _, lists in by_block)])
    models = len(settings.models)
    shares = [lists.values.reshape(models, -1) for _, lists in by_block]
    of_models = {
        str(model): RelatedLists(
            starts, related, np.concatenate([np.empty(0, np.float32), *(s[m] for s in shares)])
        )
        for m, model in enumerate(settings.models)
    }
    listing = np.zeros(len(settings.sources), np.int64)
    return TriggerLists(of_models, (listing + sum(li.listing for _, li in by_block)).tolist())
