"""From counted candidates to the ranked lists that are served."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from alsobought.copurchase.engine.kernels.best_candidates import NAMES
from alsobought.copurchase.scores import SHRUNKEN, score
from alsobought.copurchase.settings import Lists
from alsobought.related.candidate_files import (
    GROUP,
    group_starts,
    have_whole_groups,
    in_whole_groups,
    shared_out,
    whole_groups,
)
from alsobought.related.kernels.best_related import (
    Candidates,
    Evidence,
    ListedRows,
    ListRules,
    write_lists,
)
from alsobought.related.listable_pairs import (
    NONE,
    ListablePairs,
    ListInputs,
    have_enough_customers,
    kinds_of,
    listable_pairs,
    listed_relations,
)
from alsobought.related.prior_tables import PriorTables, require_priors
from alsobought.tables.copurchase import CO_PURCHASES, EVIDENCE
from alsobought.tables.outcome import Batches, WorkerRows
from alsobought.tables.related import RELATED_ITEMS
from alsobought.tables.stored import Stored


def related_items(
    pairs: Stored, inputs: ListInputs, lists: Lists, top_k: int
) -> DataFrame | WorkerRows:
    """Each item's best `top_k` related items that may be listed, by each metric: `related_items`.

    In:   `co_purchases`; a pair below lists.min_support, or by order below lists.min_customers, is
          left out.
    Out:  rank 1 is the highest score; equal scores are ranked by related_item_id. Each of
          lists.kinds makes lists of its own, of the pairs bought together that are of the kind; its
          name is their relation. An item that lists.limits leave out takes no place: the next one
          moves up, and where the candidates end a list is shorter than `top_k`.
    Cost: where workers can open files that hold whole groups of candidates, each ranks those of its
          files, and what `listable_pairs` says is sent to all; else one shuffle of the candidates.
    Raises JobError for kinds and few customers without the table that has them, and for scores of
    the posterior where the candidates have no priors.
    """
    require_priors(pairs.rows, lists)
    of_pairs = lists.kinds or lists.limits or lists.min_customers
    if not have_whole_groups(pairs.files) and not of_pairs:
        return ranked(only_listable(pairs.rows, inputs.items.rows, lists), lists, top_k)
    return ranked_in_workers(pairs, listable_pairs(inputs, lists), lists, top_k)


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


def ranked_in_workers(
    pairs: Stored, listable: ListablePairs, lists: Lists, top_k: int
) -> WorkerRows:
    """`related_items` of candidates in files of whole groups, or of those that Spark hands over.

    Cost: a task scores its candidates once a metric and a kind; each worker holds `listable`.
    """
    to_workers = pairs.rows.sparkSession.sparkContext.broadcast(listable)
    rules = list_rules(lists, top_k)

    def rank(groups: Batches) -> Batches:
        priors = PriorTables() if set(lists.metrics) & set(SHRUNKEN) else None
        for candidates in groups:
            yield lists_of(candidates, to_workers.value, rules, lists, priors)

    if have_whole_groups(pairs.files):
        return _made_of_files(pairs, rank)
    together = pairs.rows.repartition(*GROUP).sortWithinPartitions(*GROUP)
    columns = together.select(*CO_PURCHASES.names)
    return WorkerRows(columns, lambda batches: rank(in_whole_groups(batches)), RELATED_ITEMS.ddl)


def _made_of_files(pairs: Stored, rank: Callable[[Batches], Batches]) -> WorkerRows:
    """What `rank` makes of the candidates of each task's files."""
    spark = pairs.rows.sparkSession
    files_of_task = shared_out(pairs.files, spark.sparkContext.defaultParallelism)

    def rank_files(numbers: Batches) -> Batches:
        for batch in numbers:
            for task in batch.column(0).to_pylist():
                for file in files_of_task[task]:
                    yield from rank(whole_groups(file))

    tasks = spark.range(0, len(files_of_task), 1, len(files_of_task))
    return WorkerRows(tasks, rank_files, RELATED_ITEMS.ddl)


def list_rules(lists: Lists, top_k: int) -> ListRules:
    """The settings as the compiled loops take them."""
    metrics = np.array([NAMES.index(metric) for metric in lists.metrics])
    kinds = np.arange(NONE, len(lists.kinds))
    limits = np.array([*lists.limits.values()], np.int64)
    return ListRules(lists.min_support, top_k, metrics, kinds, limits)


def lists_of(
    candidates: pa.RecordBatch,
    listable: ListablePairs,
    rules: ListRules,
    lists: Lists,
    priors: PriorTables | None = None,
) -> pa.RecordBatch:
    """`related_items` of whole groups of candidates; `rules` are those of `lists`.

    `priors`: those met so far; None where no score takes one.
    """
    ids, alike, kinds, of_few = listable
    related = candidates["related_item_id"].cast(ids.type)
    positions = pc.fill_null(pc.index_in(related, value_set=ids), NONE).to_numpy()
    ties = positions.astype(np.int32)
    ties[~have_enough_customers(candidates, of_few)] = NONE
    evidence = Evidence(*(candidates[field.name].to_numpy().copy() for field in EVIDENCE))
    starts = np.append(group_starts(candidates), len(candidates))
    of_rows = alike[ties] if len(ids) else np.empty((len(ties), alike.shape[1]), np.int32)
    groups = Candidates(evidence, ties, starts, kinds_of(candidates, kinds), of_rows)
    if priors is not None:
        prior_of, posteriors = priors.of_groups(candidates["prior"], starts)
        groups = groups._replace(prior_of=prior_of, posteriors=posteriors)
    lengths = int(np.minimum(np.diff(starts), rules.top_k).sum())
    out = _room_for(lengths * len(rules.metrics) * len(rules.kinds))
    written = write_lists(groups, rules, out)
    listed = ListedRows._make(column[:written] for column in out)
    chosen = candidates.take(pa.array(listed.rows))
    columns = {name: chosen[name] for name in chosen.schema.names}
    columns |= {
        "relation": listed_relations(chosen["relation"], lists.kinds, listed.kinds),
        "metric": pa.array(list(lists.metrics), pa.string()).take(pa.array(listed.metrics)),
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
        np.empty(rows, np.int32),
        np.empty(rows, np.float64),
    )
