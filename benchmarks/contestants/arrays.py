"""The purchases as a sparse matrix of customers and items, read with pyarrow alone."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy import sparse

from benchmarks.contestants import Task, files


def matrix(task: Task) -> tuple[sparse.csr_matrix, pa.Array]:
    """Ones where a customer bought an item; the columns' item ids, in their order."""
    pa.set_cpu_count(task.cores)
    columns = ["customer_id", "item_id"]
    table = pa.concat_tables(
        pq.read_table(file, columns=columns, read_dictionary=columns)
        for file in files(task.purchases)
    ).unify_dictionaries()
    (customers, ids), (items, texts) = (codes(table[name]) for name in columns)
    del table
    order = np.argsort(texts.to_numpy(zero_copy_only=False))  # ties go to the smaller id
    rank = np.empty(len(order), np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    ones = np.ones(len(customers), np.int32)
    shape = (len(ids), len(texts))
    owned = sparse.csr_matrix((ones, (customers, rank[items])), shape=shape)
    owned.data[:] = 1  # repeats were added up
    return owned, texts.take(pa.array(order))


def codes(column: pa.ChunkedArray) -> tuple[np.ndarray, pa.Array]:
    """Each row's code, and the text of each code."""
    whole = column.combine_chunks()
    whole = whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole
    return whole.indices.to_numpy(), whole.dictionary
