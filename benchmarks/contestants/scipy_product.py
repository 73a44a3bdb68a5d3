"""scipy: X'X in chunks of items on one thread, first-order E, the best by partition, Parquet."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy import sparse

from benchmarks.contestants import TOP, Task
from benchmarks.contestants.arrays import matrix

PAIRS_PER_CHUNK = 8_000_000


def ready(task: Task) -> None:
    return None


def run(task: Task, _: None) -> None:
    owned, texts = matrix(replace(task, cores=1))
    buyers = np.bincount(owned.indices, minlength=owned.shape[1])
    others = owned.T @ (np.diff(owned.indptr) - 1)
    share = buyers / owned.nnz
    by_item = owned.T.tocsr()
    writer: pq.ParquetWriter | None = None
    for first, last in chunks(others):
        counts = by_item[first:last] @ owned
        x, y, both, expected, score = best(counts, first, others, share, task.support)
        table = pa.table(
            {
                "item_id": texts.take(pa.array(x)),
                "related_item_id": texts.take(pa.array(y)),
                "both": both,
                "expected": expected,
                "buyers": buyers[x],
                "related_buyers": buyers[y],
                "units": np.full(len(x), owned.shape[0]),
                "score": score,
            }
        )
        writer = writer or pq.ParquetWriter(f"{task.out}/part-0.parquet", table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()


def chunks(others: np.ndarray) -> Iterator[tuple[int, int]]:
    """Ranges of items with about PAIRS_PER_CHUNK ordered pairs each."""
    ends = np.cumsum(others)
    first = 0
    while first < len(others):
        before = ends[first - 1] if first else 0
        last = max(first + 1, int(np.searchsorted(ends, before + PAIRS_PER_CHUNK)))
        yield first, last
        first = last


def best(
    counts: sparse.csr_matrix, first: int, others: np.ndarray, share: np.ndarray, support: int
) -> tuple[np.ndarray, ...]:
    """x, y, N, E and score of the best of each row of the counts, in no order within a row."""
    row = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    fits = (counts.data >= support) & (counts.indices != row + first)
    x, y, both = row[fits], counts.indices[fits], counts.data[fits]
    expected = share[y] * others[x + first]
    score = (both - expected) / np.sqrt(expected)
    ends = np.cumsum(np.bincount(x, minlength=counts.shape[0]))
    starts = ends - np.diff(ends, prepend=0)
    kept = [chosen(score[a:b], y[a:b]) + a for a, b in zip(starts, ends, strict=True)]
    at = np.concatenate(kept)
    return x[at] + first, y[at], both[at].astype(np.int64), expected[at], score[at]


def chosen(score: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Positions of the best, ties to the smaller y."""
    if len(score) <= TOP:
        return np.arange(len(score))
    least = np.partition(score, len(score) - TOP)[len(score) - TOP]
    above = np.flatnonzero(score > least)
    ties = np.flatnonzero(score == least)
    return np.concatenate([above, ties[np.argsort(y[ties], kind="stable")[: TOP - len(above)]]])
