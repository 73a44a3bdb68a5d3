"""The related items of every trigger, merged over the sources, as arrays."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from pyspark import Broadcast
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from alsobought.compiled.array_types import Floats, Int32s
from alsobought.copurchase.engine.envelopes import Envelope, Kind, rows_of
from alsobought.errors import JobError
from alsobought.recommend.formulas import log_lifts
from alsobought.recommend.item_facts import NONE, ItemCodes
from alsobought.recommend.kernels.list_arrays import RelatedLists
from alsobought.recommend.settings import Recommendations, Source

Batches = Iterator[pa.RecordBatch]


class SourceRows(NamedTuple):
    """Places of lists: the number of the source, items X and Y, score, ln((N + a) / (E + a))."""

    sources: Int32s
    items: Int32s
    related: Int32s
    scores: Floats
    log_lifts: Floats


ROWS = Kind("row", SourceRows)
LISTS = Envelope([], ROWS)
"""related_items to the driver: the places of all lists that are merged."""


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
    Cost: 28 bytes a place are on the driver; 4 and 8 for each model go to every worker. 100,000
          items with 50 related each and one model: 60 MB.
    Raises JobError for a source that related_items has no list of.
    """
    rows = collect_rows(related, codes, settings)
    _require_sources(rows, related, settings.sources)
    if cold_start is not None:
        rows = with_cold_start(rows, collect_rows(cold_start, codes, settings), len(codes.value))
    of_models = merged(rows, settings, len(codes.value))
    listing = [len(np.unique(rows.items[rows.sources == s])) for s in range(len(settings.sources))]
    return TriggerLists(of_models, listing)


def collect_rows(
    lists: DataFrame, codes: Broadcast[ItemCodes], settings: Recommendations
) -> SourceRows:
    """The places of the sources' lists; those of items without a code are left out."""
    hashes = (F.xxhash64("market", item).alias(item) for item in ("item_id", "related_item_id"))
    source = _number(settings.sources).alias("source")
    rows = lists.select(source, *hashes, "score", F.col("both").cast("double"), "expected")
    shrinkage = settings.shrinkage

    def encode(batches: Batches) -> Batches:
        for batch in batches:
            yield LISTS.row(ROWS, _encoded(batch, codes.value, shrinkage))

    cells = rows.where("source IS NOT NULL").mapInArrow(encode, LISTS.ddl).toArrow().to_batches()
    all_rows = list(rows_of(cells))
    empty = SourceRows(*(np.empty(0, dtype) for dtype in ROWS.dtypes))
    return ROWS.read_joined(all_rows) if all_rows else empty


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


def _require_sources(rows: SourceRows, related: DataFrame, sources: Sequence[Source]) -> None:
    counts = np.bincount(rows.sources, minlength=len(sources))
    for source, count in zip(sources, counts, strict=True):
        if not count:
            kinds = related.select("unit", "relation", "metric").distinct().collect()
            there = "; ".join(sorted(", ".join(kind) for kind in kinds)) or "none at all"
            raise JobError(
                f"related_items has no list of {source.unit}, {source.relation}, {source.metric}, "
                f"which sources in [jobs.recommendations] names; there are: {there}."
            )


def with_cold_start(rows: SourceRows, cold: SourceRows, items: int) -> SourceRows:
    """The places of lists, those of cold starts for the items that have them."""
    of_rows, of_cold = (some.sources.astype(np.int64) * items + some.items for some in (rows, cold))
    kept = np.flatnonzero(~np.isin(of_rows, of_cold))
    columns: Iterator[tuple[np.ndarray, np.ndarray]] = zip(rows, cold, strict=True)
    return ROWS.of(np.concatenate([plain[kept], other]) for plain, other in columns)


def merged(rows: SourceRows, settings: Recommendations, items: int) -> dict[str, RelatedLists]:
    """The lists of each model: the places of one X and Y as one.

    sum: the sum of weight * score; maximum: the largest; calibrated: the mean of the log lifts by
    weight over all sources, where a list that leaves Y out says 0.
    """
    keys = rows.items.astype(np.int64) * items + rows.related
    order = np.lexsort((rows.sources, keys)) if len(settings.sources) > 1 else np.argsort(keys)
    keys, firsts = np.unique(keys[order], return_index=True)
    starts = np.searchsorted(keys, np.arange(items + 1) * items)
    related = (keys % items).astype(np.int32)
    weights = np.array([source.weight for source in settings.sources])
    by_row = weights[rows.sources[order]]
    scores, lifts = by_row * rows.scores[order], by_row * rows.log_lifts[order]
    merges: Mapping[str, Floats] = {
        "sum": _reduced(np.add, scores, firsts),
        "maximum": _reduced(np.maximum, scores, firsts),
        "calibrated": _reduced(np.add, lifts, firsts) / weights.sum(),
    }
    return {model: RelatedLists(starts, related, merges[model]) for model in settings.models}


def _reduced(ufunc: np.ufunc, values: Floats, firsts: np.ndarray) -> Floats:
    """The values from each first to the next as one."""
    reduced: Floats = ufunc.reduceat(values, firsts) if len(values) else values
    return reduced
