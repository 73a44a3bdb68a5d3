"""From counted candidates to the ranked lists that are served."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from alsobought.copurchase.engine.kernels.best_candidates import NAMES
from alsobought.copurchase.scores import score
from alsobought.copurchase.settings import Lists
from alsobought.related.candidate_files import (
    available_items,
    group_starts,
    have_whole_groups,
    shared_out,
    sorted_ids,
    whole_groups,
)
from alsobought.related.kernels.best_related import (
    Candidates,
    Evidence,
    ListedRows,
    ListRules,
    write_lists,
)
from alsobought.tables.copurchase import CO_PURCHASES, EVIDENCE
from alsobought.tables.outcome import Batches, WorkerRows
from alsobought.tables.related import RELATED_ITEMS
from alsobought.tables.stored import Stored


def related_items(
    pairs: Stored, items: Stored, lists: Lists, top_k: int, unknown: pa.Array | None = None
) -> DataFrame | WorkerRows:
    """Each item's best `top_k` related items that may be listed, by each metric: `related_items`.

    In:   `co_purchases`; a pair below lists.min_support is left out. `unknown`: the ids of items
          that are not in the catalogue, for lists.unknown_items = "keep".
    Out:  rank 1 is the highest score; equal scores are ranked by related_item_id.
    Cost: where workers can open files that hold whole groups of candidates, each ranks those of its
          files, and the ids of items that may be listed are sent to all; else one shuffle of the
          candidates.
    """
    if have_whole_groups(pairs.files):
        listable = available_items(items)
        if lists.unknown_items == "keep" and unknown is not None:
            listable = sorted_ids(pa.chunked_array([listable, unknown.cast(listable.type)]))
        return ranked_in_workers(pairs, listable, lists, top_k)
    return ranked(only_listable(pairs.rows, items.rows, lists), lists, top_k)


def only_listable(pairs: DataFrame, items: DataFrame, lists: Lists) -> DataFrame:
    """The pairs whose related item is available, or in no catalogue where such items are kept.

    The item itself may be unavailable: its page still has visitors. Cost: one join by item.
    """
    keep = lists.unknown_items == "keep"
    named = items.where("NOT is_available" if keep else "is_available")
    ids = named.select(F.col("item_id").alias("related_item_id"))
    return pairs.join(ids, on="related_item_id", how="left_anti" if keep else "left_semi")


def ranked(pairs: DataFrame, lists: Lists, top_k: int) -> DataFrame:
    """`related_items` of available pairs, by Spark. Cost: one shuffle of the candidates."""
    # before each candidate becomes one row a metric; the lists need no other shuffle
    together = pairs.repartition(*CO_PURCHASES.whole_groups)
    supported = together.where(F.col("both") >= lists.min_support)
    scores = F.array(
        *[
            F.struct(F.lit(metric).alias("metric"), score(metric).alias("score"))
            for metric in lists.metrics
        ]
    )
    scored = supported.select("*", F.explode(scores).alias("_scored"))
    by_metric = scored.select(*supported.columns, "_scored.metric", "_scored.score")
    best = Window.partitionBy("unit", "market", "relation", "metric", "item_id").orderBy(
        F.desc("score"), F.asc("related_item_id")
    )
    numbered = by_metric.withColumn("rank", F.row_number().over(best))
    return numbered.where(F.col("rank") <= top_k).select(*RELATED_ITEMS.names)


def ranked_in_workers(pairs: Stored, listable: pa.Array, lists: Lists, top_k: int) -> WorkerRows:
    """`related_items` of candidates in files of whole groups; `listable` ids ascend as text.

    Cost: a task scores the candidates of its files once a metric; each worker holds those ids.
    """
    spark = pairs.rows.sparkSession
    ids_sent = spark.sparkContext.broadcast(listable)
    rules = ListRules(
        lists.min_support, top_k, np.array([NAMES.index(metric) for metric in lists.metrics])
    )
    files_of_task = shared_out(pairs.files, spark.sparkContext.defaultParallelism)
    metrics = list(lists.metrics)

    def rank(numbers: Batches) -> Batches:
        for batch in numbers:
            for task in batch.column(0).to_pylist():
                for file in files_of_task[task]:
                    for candidates in whole_groups(file):
                        yield lists_of(candidates, ids_sent.value, rules, metrics)

    tasks = spark.range(0, len(files_of_task), 1, len(files_of_task))
    return WorkerRows(tasks, rank, RELATED_ITEMS.ddl)


def lists_of(
    candidates: pa.RecordBatch, listable: pa.Array, rules: ListRules, metrics: Sequence[str]
) -> pa.RecordBatch:
    """`related_items` of whole groups of candidates; `listable` ids ascend as text.

    `metrics` are the names of those in `rules`.
    """
    related = candidates["related_item_id"].cast(listable.type)
    positions = pc.index_in(related, value_set=listable)
    ties = pc.fill_null(positions, -1).to_numpy().astype(np.int32)
    evidence = Evidence(*(candidates[field.name].to_numpy().copy() for field in EVIDENCE))
    starts = np.append(group_starts(candidates), len(candidates))
    most = int(np.minimum(np.diff(starts), rules.top_k).sum()) * len(rules.metrics)
    out = _room_for(most)
    written = write_lists(Candidates(evidence, ties, starts), rules, out)
    listed = ListedRows._make(column[:written] for column in out)
    chosen = candidates.take(pa.array(listed.rows))
    columns = {name: chosen[name] for name in chosen.schema.names}
    columns |= {
        "metric": pa.array(list(metrics), pa.string()).take(pa.array(listed.metrics)),
        "rank": pa.array(listed.ranks),
        "score": pa.array(listed.scores),
    }
    names = RELATED_ITEMS.names
    return pa.record_batch([columns[name] for name in names], names=names)


def _room_for(rows: int) -> ListedRows:
    return ListedRows(
        np.empty(rows, np.int64),
        np.empty(rows, np.int32),
        np.empty(rows, np.int32),
        np.empty(rows, np.float64),
    )
