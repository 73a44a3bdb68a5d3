"""Where a [sources] section is not as the files are, told from their first rows."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from alsobought.errors import Fault, JobError
from alsobought.ingest.proposal import heads
from alsobought.ingest.proposal.heads import Head
from alsobought.ingest.proposal.spelling import nearest
from alsobought.ingest.settings import Source

SHOWN = 12  # columns or files that a sentence lists
WIDE = {"UTF-16", "UTF-16BE", "UTF-16LE", "UTF-32"}
READ_ALIKE = {
    "US-ASCII": {"US-ASCII", "UTF-8", "windows-1252", "ISO-8859-1"},
    "UTF-8": {"UTF-8"},
    "windows-1252": {"windows-1252", "ISO-8859-1"},
    "ISO-8859-1": {"ISO-8859-1"},
}
"""The encodings that read the letters of a file as it has them; of others these are WIDE."""


def heads_of(name: str, path: str) -> tuple[list[Head], list[Fault]]:
    """The first rows of a source's files on this machine, and what keeps them from being read."""
    key = f"sources.{name}.path"
    paths = heads.matching(path)
    if not paths:
        folder = Path(path).parent
        there = sorted(p.name for p in folder.iterdir()) if folder.is_dir() else []
        near = nearest(Path(path).name, there)
        cure = f"Is it {near}?" if near else "Deliver the files, or correct the path."
        return [], [Fault(key, f"no file matches {path}", cure)]
    read: list[Path] = []
    faults = []
    for file in paths:
        if file.stat().st_size == 0:
            faults.append(
                Fault(key, f"{file} is empty (0 bytes)", "Deliver it again, or remove it.")
            )
        else:
            read.append(file)
    try:
        return (heads.read(read) if read else []), faults
    except JobError as error:
        wrong, _, cure = str(error).rstrip(".").rpartition(": ")
        return [], [*faults, Fault(key, wrong, f"{cure[:1].upper()}{cure[1:]}.")]


def faults_of(name: str, source: Source, heads: Sequence[Head]) -> Iterator[Fault]:
    """What of a source's section its files do not have: format, delimiter, header, columns."""
    for head in heads:
        file, layout = head.paths[0].name, head.layout
        if layout.format != source.format:
            wrong = f"{file} looks like {layout.format}, not {source.format}"
            yield Fault(f"sources.{name}.format", wrong, f'Write format = "{layout.format}".')
            continue
        is_csv = source.format == "csv"
        if is_csv and layout.delimiter != source.delimiter and len(head.rows.column_names) > 1:
            wrong = f"{file} is cut by {layout.delimiter!r}, not {source.delimiter!r}"
            yield Fault(
                f"sources.{name}.delimiter", wrong, f'Write delimiter = "{layout.delimiter}".'
            )
        elif is_csv and layout.header and not source.header:
            wrong = f"{file} begins with a header"
            yield Fault(f"sources.{name}.header", wrong, "Write header = true.")
        elif is_csv and source.header and not layout.header:
            wrong = f"the first line of {file} looks like data, not like a header"
            yield Fault(
                f"sources.{name}.header", wrong, "Write header = false; columns are _c0, _c1, …."
            )
        else:
            yield from _missing_columns(name, source, head)


def notes_of(name: str, source: Source, heads: Sequence[Head]) -> Iterator[str]:
    """What of the files is worth knowing, and does not keep a run from starting."""
    yield from _other_encodings(name, source, heads)
    yield from _control_characters(name, source, heads)
    if len(heads) > 1:
        names = ", ".join(head.paths[0].name for head in heads)
        yield f"sources.{name}.path: the files have {len(heads)} different headers, as {names}."


def _other_encodings(name: str, source: Source, heads: Sequence[Head]) -> Iterator[str]:
    """The files that are not in the encoding that the section says, one sentence an encoding."""
    every = by_encoding(heads)
    lettered = [encoding for encoding in every if encoding != "US-ASCII"]
    cure = f'Write encoding = "{lettered[0]}".' if len(lettered) == 1 else "Deliver all in one."
    for encoding, names in every.items():
        if source.encoding not in READ_ALIKE.get(encoding, WIDE):
            are = "are" if len(names) > 1 else "is"
            yield (
                f"sources.{name}.encoding: {listed(names)} {are} {encoding}, not "
                f"{source.encoding}: letters beyond ASCII will be broken. {cure}"
            )


def _control_characters(name: str, source: Source, heads: Sequence[Head]) -> Iterator[str]:
    """A sentence about files with signs of windows-1252 that ISO-8859-1 does not have."""
    if source.encoding != "ISO-8859-1":
        return
    every = (zip(head.paths, head.signs, strict=True) for head in heads)
    counts = [(path.name, count) for of_head in every for path, count in of_head if count]
    if counts:
        have = "have" if len(counts) > 1 else "has"
        yield (
            f"sources.{name}.encoding: {listed([file for file, _ in counts])} {have} "
            f"{sum(count for _, count in counts):,} bytes from 0x80 to 0x9f in the rows looked at: "
            f"ISO-8859-1 reads control characters, windows-1252 dashes, quotes and €. "
            f'Write encoding = "windows-1252".'
        )


def by_encoding(heads: Sequence[Head]) -> dict[str, list[str]]:
    """The names of the text files of each encoding."""
    names: dict[str, list[str]] = {}
    for head in heads:
        for path, encoding in zip(head.paths, head.encodings, strict=True):
            if encoding:
                names.setdefault(encoding, []).append(path.name)
    return names


def listed(names: Sequence[str]) -> str:
    """The first of many names, and how many there are more."""
    more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _missing_columns(name: str, source: Source, head: Head) -> Iterator[Fault]:
    names = head.rows.column_names
    shown = ", ".join(names[:SHOWN]) + (", …" if len(names) > SHOWN else "")
    for role in source.columns:
        for column in source.named(role):
            if column not in names:
                near = nearest(column, names)
                cure = f"Is it {near!r}?" if near else f"It has: {shown}."
                wrong = f"{head.paths[0].name} has no column {column!r}"
                yield Fault(f"sources.{name}.columns.{role}", wrong, cure)
