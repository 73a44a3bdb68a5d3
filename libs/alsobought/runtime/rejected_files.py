"""Rejected rows of a warehouse on a path, few enough for the driver: written without Spark."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from alsobought import storage
from alsobought.errors import JobError
from alsobought.runtime import commits, staging
from alsobought.runtime.acceptance import require_sound_rows
from alsobought.runtime.commits import TableFile
from alsobought.runtime.faults import CONCURRENT
from alsobought.runtime.judged_files import REASONS, ROW, SOURCE_FILE, row_groups
from alsobought.runtime.judged_load import Load, Rejects
from alsobought.runtime.parquet_writer import FileLayout, FileWriter, StagedFile
from alsobought.runtime.rejected_rows import ATTEMPTS
from alsobought.runtime.store import Store

MOST_ROWS = 1 << 18
MOST_BYTES = 1 << 25  # of Parquet
BETWEEN = "\x1f"  # in no name of a rule


def replace_by_driver(
    store: Store, load: Load, broken: pa.Table | None, run: Mapping[str, Any]
) -> None:
    """What `rejected_rows.replace` does, of rows in memory: source_file, reasons, row.

    Raises JobError where other writers were quicker ATTEMPTS times.
    Cost: those files of the table are read that may hold rows of the files read, and written anew
    where they do.
    """
    rejects = load.rejects
    if rejects is None:
        return
    if store.exists(rejects.table):
        store.check_contract(rejects.table)
    elif broken is None:
        return
    else:
        store.create(rejects.table)
    path, name = store.path(rejects.table), rejects.table.name
    layout = replace(staging.layout_of(rejects.table, path, ""), key=())
    rows = None if broken is None else alike_as_one(broken, rejects)
    for _ in range(ATTEMPTS):
        log = commits.log_of(path, name)
        change = _change(log.files(), layout, load.paths, rejects, rows)
        if not (change.added or change.removed):
            return
        try:
            return log.commit(change.added, change.removed, {}, run)
        except commits.OtherCommit:
            change.discard()  # look again
            # after anything else the version may be there, and name the files
    raise JobError(f"{CONCURRENT}.")


def alike_as_one(broken: pa.Table, rejects: Rejects) -> pa.Table:
    """Rows of a file that read exactly alike as one, with every rule that any of them broke, and
    their number; in the columns of the table of rejects."""
    joined = pc.binary_join(broken[REASONS].combine_chunks(), BETWEEN)
    rows = pa.table({SOURCE_FILE: broken[SOURCE_FILE], ROW: broken[ROW], REASONS: joined})
    counted = rows.group_by(rows.column_names, use_threads=False).aggregate([([], "count_all")])
    one = counted.group_by([SOURCE_FILE, ROW], use_threads=False).aggregate(
        [(REASONS, "list"), ("count_all", "sum")]
    )
    every = pc.binary_join(one[f"{REASONS}_list"].combine_chunks(), BETWEEN).dictionary_encode()
    sets = [sorted(set(text.split(BETWEEN))) for text in every.dictionary.to_pylist()]
    columns = {
        "source": pa.repeat(pa.scalar(rejects.source), len(one)),
        SOURCE_FILE: one[SOURCE_FILE],
        REASONS: pa.array(sets, pa.list_(pa.string())).take(every.indices),
        ROW: one[ROW],
        "copies": one["count_all_sum"],
    }
    return pa.table({name: columns[name] for name in rejects.table.names})


@dataclass(frozen=True)
class _Change:
    """Files to add and to remove."""

    folder: str
    added: list[StagedFile]
    removed: list[TableFile]

    def discard(self) -> None:
        """Remove the files that no version names."""
        for file in self.added:
            storage.remove(f"{self.folder}/{file.path}")


def _change(
    files: Sequence[TableFile],
    layout: FileLayout,
    paths: Sequence[str],
    rejects: Rejects,
    rows: pa.Table | None,
) -> _Change:
    """`rows` in the place of what the table's files hold of the source files `paths`."""
    removed = []
    with FileWriter(layout) as writer:
        for file in files:
            if not any(file.may_hold(SOURCE_FILE, path, path) for path in paths):
                continue
            columns = [name for name in (SOURCE_FILE, "source") if name in layout.schema.names]
            groups = row_groups(layout.folder, file.path, columns)
            stale = [_is_stale(group, paths, rejects) for group in groups]
            if not any(mask.any() for mask in stale):
                continue
            removed.append(file)
            groups = row_groups(layout.folder, file.path, layout.schema.names)
            for group, is_stale in zip(groups, stale, strict=True):
                if not is_stale.all():
                    writer.write(group.filter(pa.array(~is_stale)))
        if rows is not None:
            writer.write(rows)
        writer.finish()
    change = _Change(layout.folder, writer.files, removed)
    try:
        require_sound_rows(rejects.table, writer.faults)
    except BaseException:
        change.discard()
        raise
    return change


def _is_stale(rows: pa.Table, paths: Sequence[str], rejects: Rejects) -> np.ndarray:
    """Whether each row is of one of the source files, and of this job's source."""
    is_stale = pc.is_in(rows[SOURCE_FILE], value_set=pa.array(paths, pa.string()))
    if "source" in rows.column_names:
        is_stale = pc.and_(is_stale, pc.equal(rows["source"], rejects.source))
    mask: np.ndarray = is_stale.to_numpy()
    return mask
