"""Which source files a table holds, and which of those that are there now a run must read."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from alsobought.days import EPOCH


@dataclass(frozen=True)
class SourceFile:
    """A source file as its file system lists it; two that are equal are taken for unchanged.

    A Delta table is its data files, which never change; where these alone do not tell its rows, it
    is one file, of size and time 0, with its version.
    """

    path: str
    size: int
    modified_ms: int
    version: int | None = None


@dataclass(frozen=True)
class LoadedFile:
    """A file as it was when it was loaded, and what of it is still to be minded."""

    file: SourceFile
    rows: int
    """Rows read, good and rejected."""
    ahead_from: datetime | None = None
    """The earliest time (UTC, no zone) of a row at or after the as-of day, which is not in the
    table; None: there is no such row."""
    overlaps: frozenset[str] = frozenset()
    """The files that have a row whose key a row of this file has too, and which gave way to it."""


@dataclass(frozen=True)
class LoadedFiles:
    """Every file that a table's rows come from, by path, and the latest as-of day of its runs."""

    files: Mapping[str, LoadedFile] = field(default_factory=dict)
    as_of: date = EPOCH
    settings: Mapping[str, Any] = field(default_factory=dict)
    """How the files were read: what of the source's section bears upon rows."""

    def without(self, gone: Iterable[str]) -> "LoadedFiles":
        """The record without files whose rows are no longer in the table."""
        stays = self.files.keys() - set(gone)
        return replace(self, files={path: self.files[path] for path in sorted(stays)})

    def after(
        self,
        read: Iterable[LoadedFile],
        gave_way: Mapping[str, frozenset[str]],
        as_of: date,
        settings: Mapping[str, Any],
    ) -> "LoadedFiles":
        """The record after a run that has read these files.

        In: `gave_way`, by file, which others have rows that gave way to its own, as far as the run
        has seen, which is every such pair with a file that it has read.
        A pair stays as long as neither run nor file contradict it: a file that has vanished may
        come back, and a run of an older day does not see the rows of later ones.
        """
        now = {loaded.file.path: loaded for loaded in read}
        is_older = as_of < self.as_of
        files = {}
        for path, loaded in {**self.files, **now}.items():
            before = self.files[path].overlaps if path in self.files else frozenset()
            stands = before if is_older else before - now.keys()
            files[path] = replace(loaded, overlaps=stands | gave_way.get(path, frozenset()))
        return LoadedFiles(files, max(as_of, self.as_of), settings)


@dataclass(frozen=True)
class Due:
    """What a run reads, and what it does not."""

    files: tuple[SourceFile, ...]
    """To be read, by path."""
    unchanged: int
    """Files that are not read: the table holds what they hold."""
    vanished: tuple[str, ...]
    """Paths of files that the table holds and that are no longer there: their rows stay."""
    gone: tuple[str, ...] = ()
    """Paths of data files that a Delta table no longer consists of: their rows go."""


def due(
    listed: Iterable[SourceFile],
    loaded: LoadedFiles,
    as_of: date,
    *,
    reload: bool = False,
    is_table: bool = False,
) -> Due:
    """The files that a run for `as_of` must read: all that are new or have changed; those with a
    row that lay ahead and now lies before `as_of`; and those whose rows gave way to a file that
    has changed, since it may hold them no longer.

    `reload`: all. `is_table`: the files are those of a Delta table, whose rows are deleted where a
    file is no longer there. A file that has vanished is never read, but what gave way to it may be.
    """
    there = {file.path: file for file in listed}
    before = loaded.files
    changed = {path for path in there.keys() & before.keys() if before[path].file != there[path]}
    now = datetime(as_of.year, as_of.month, as_of.day)  # noqa: DTZ001 - times here have no zone
    no_longer_ahead = {
        path
        for path in there.keys() & before.keys()
        if (first := before[path].ahead_from) is not None and first < now
    }
    wanted = (there.keys() - before.keys()) | changed | no_longer_ahead
    vanished = before.keys() - there.keys()
    wanted |= set(_gave_way(changed | vanished if is_table else changed, before, there.keys()))
    if reload:
        wanted = set(there)
    return Due(
        files=tuple(there[path] for path in sorted(wanted)),
        unchanged=len(there) - len(wanted),
        vanished=() if is_table else tuple(sorted(vanished)),
        gone=tuple(sorted(vanished)) if is_table else (),
    )


def _gave_way(
    changed: Iterable[str], before: Mapping[str, LoadedFile], there: Iterable[str]
) -> Iterator[str]:
    """The files that have rows which gave way to those of `changed`; where such a file is not
    `there` any more, those that gave way to it in turn."""
    open_paths, seen, present = list(changed), set(changed), frozenset(there)
    while open_paths:
        for path in sorted(before[open_paths.pop()].overlaps - seen):
            seen.add(path)
            if path in present:
                yield path
            elif path in before:
                open_paths.append(path)
