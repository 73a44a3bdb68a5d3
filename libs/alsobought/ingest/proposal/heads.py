"""The first rows of source files, read without Spark: enough to see what their columns mean."""

import bz2
import codecs
import csv
import gzip
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, cast

import pyarrow as pa
from pyarrow import csv as arrow_csv
from pyarrow import json as arrow_json
from pyarrow import parquet

from alsobought.errors import JobError

BYTES = 64 << 20  # of all files together
BROKEN_WITHIN = 8 << 20  # bytes in which fields that go over lines show
ROWS = 1_000_000  # of a Parquet file
DELIMITERS = ",;\t|"
BLOCK = 1 << 24  # bytes; no line may be longer than Arrow's of 1 MB
LONGEST_FIELD = 1 << 30  # characters; csv refuses what Spark reads above 131,072
LOOKED_AT = 200  # records that a delimiter must cut alike
PACKED = {".gz": gzip.GzipFile, ".bz2": bz2.BZ2File}
REFUSED = {
    ".zip": "unpack it, or pack it with gzip",
    ".xlsx": "save the sheet as CSV",
    ".xls": "save the sheet as CSV",
}
SIGNS = bytes(range(0x80, 0xA0))  # of windows-1252 alone
DATA = r"^\s*[-+]?[\d.,:/ -]*\d[\d.,:/ TZ-]*$"  # a number or a time, which no column is called


@dataclass(frozen=True)
class Layout:
    """How a file is written, in the words of a [sources] section."""

    format: str
    delimiter: str = ","
    header: bool = True
    encoding: str = "UTF-8"
    multi_line: bool = False


@dataclass(frozen=True)
class Head:
    """The first rows of files that have the same columns."""

    paths: tuple[Path, ...]
    layout: Layout
    rows: pa.Table
    """Columns of CSV are text, null where empty; those of other formats keep their types."""
    is_whole: bool
    """Whether these are all rows of the files."""
    encodings: tuple[str, ...] = ("",)
    """Of each file; US-ASCII where it has no other letters, "" where it is no text."""
    signs: tuple[int, ...] = (0,)
    """Of each file the bytes 0x80 to 0x9f where it may be windows-1252, which has dashes, quotes
    and € there; ISO-8859-1 has control characters."""
    ragged: int = 0
    """Rows left out, which do not have the columns of their header."""


def read(paths: Sequence[Path]) -> list[Head]:
    """The first rows of the files, one Head for all files of the same columns, in their order.

    Raises JobError for a file that cannot be read, or is none that the jobs read.
    Cost: reads, and keeps, at most 64 MB of text, or a million rows of each Parquet file.
    """
    heads = [_read(path, max(1 << 20, BYTES // len(paths))) for path in paths]
    alike: dict[tuple[object, ...], list[Head]] = {}
    for head in heads:
        form = replace(head.layout, encoding="", multi_line=False)
        alike.setdefault((form, tuple(sorted(head.rows.column_names))), []).append(head)
    return [_together(group) for group in alike.values()]


def matching(path: str) -> list[Path]:
    """The files that a path, folder or glob names, as Hadoop reads them: {a,b} is a or b, and names
    that begin with _ or . are left out."""
    choice = re.search(r"\{([^{}]*)\}", path)
    if choice and not Path(path).exists():
        before, after = path[: choice.start()], path[choice.end() :]
        every = [file for word in choice[1].split(",") for file in matching(before + word + after)]
        return sorted(set(every))
    whole = Path(path)
    pattern = str(whole.relative_to(whole.anchor))
    matches = [whole] if whole.exists() else list(Path(whole.anchor).glob(pattern))
    files = [f for match in matches for f in (match.iterdir() if match.is_dir() else [match])]
    return sorted(file for file in files if file.is_file() and file.name[0] not in "_.")


def most_frequent(encodings: Sequence[str]) -> str:
    """The encoding of the most files; those of plain ASCII fit every one."""
    counted = Counter(name for name in encodings if name not in ("", "US-ASCII"))
    return counted.most_common(1)[0][0] if counted else "UTF-8"


def _together(group: list[Head]) -> Head:
    first = group[0]
    names = first.rows.column_names
    tables = [head.rows.select(names) for head in group]
    encodings = tuple(name for head in group for name in head.encodings)
    multi_line = any(head.layout.multi_line for head in group)
    return Head(
        paths=tuple(path for head in group for path in head.paths),
        layout=replace(first.layout, encoding=most_frequent(encodings), multi_line=multi_line),
        rows=pa.concat_tables(tables, promote_options="permissive").combine_chunks(),
        is_whole=all(head.is_whole for head in group),
        encodings=encodings,
        signs=tuple(count for head in group for count in head.signs),
        ragged=sum(head.ragged for head in group),
    )


def _read(path: Path, most: int) -> Head:
    advice = REFUSED.get(path.suffix.lower())
    if advice:
        raise JobError(f"{path}: {path.suffix} files are not read: {advice}.")
    try:
        with path.open("rb") as file:
            is_parquet = file.read(4) == b"PAR1"
        if is_parquet:
            return _read_parquet(path)
        with _opened(path) as file:
            head = file.read(most)
            is_whole = not file.read(1)
        return _read_text(path, head, is_whole=is_whole)
    except (OSError, EOFError, pa.ArrowException) as error:
        raise JobError(f"{path} cannot be read ({error}): deliver it again.") from None


def _read_text(path: Path, head: bytes, *, is_whole: bool) -> Head:
    encoding = encoding_of(head)
    signs = len(head) - len(head.translate(None, SIGNS)) if encoding == "windows-1252" else 0
    if encoding not in ("UTF-8", "US-ASCII"):
        decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
        head = decoder.decode(head).removeprefix("\ufeff").encode()
    head = head.removeprefix(codecs.BOM_UTF8)
    if not is_whole:
        head = head[: head.rfind(b"\n") + 1]
    begins = head[:LOOKED_AT].lstrip()[:1]
    if not begins:
        raise JobError(f"{path} is empty: deliver it again, or leave it out.")
    if begins == b"[":
        raise JobError(f"{path} is one JSON array: write one object a line.")
    layout = Layout("json" if begins == b"{" else "csv", encoding=most_frequent([encoding]))
    read_rows = _read_json if layout.format == "json" else _read_csv
    first = read_rows(path, head, layout)
    return replace(first, is_whole=is_whole, encodings=(encoding,), signs=(signs,))


def _opened(path: Path) -> IO[bytes]:
    unpack = PACKED.get(path.suffix.lower())
    return path.open("rb") if unpack is None else cast("IO[bytes]", unpack(path))


def encoding_of(head: bytes) -> str:
    """The encoding that the bytes of a text are in: UTF-8 wherever they can be, US-ASCII where
    they have no letters that tell."""
    if head.isascii() and b"\0" not in head[:1000]:
        return "US-ASCII"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "UTF-16"
    if b"\0" in head[:1000]:
        return "UTF-16LE" if head[1:2] == b"\0" else "UTF-16BE"
    for name in ("UTF-8", "windows-1252"):  # to Windows 0x80 to 0x9f are letters and quotes, too
        try:
            codecs.getincrementaldecoder(name)().decode(head)
            return name
        except UnicodeDecodeError:
            continue
    return "ISO-8859-1"


def delimiter_of(text: str) -> str:
    """The mark that cuts the first records of a CSV text alike, into the most columns."""

    def fits(mark: str) -> tuple[bool, int, int]:
        records = csv.reader(io.StringIO(text), delimiter=mark)
        widths = Counter(len(record) for record, _ in zip(records, range(LOOKED_AT), strict=False))
        width, alike = widths.most_common(1)[0]
        several = alike if width > 1 else 0
        return several > 0.9 * widths.total(), width, several

    return max(DELIMITERS, key=fits)


def _read_csv(path: Path, head: bytes, layout: Layout) -> Head:
    csv.field_size_limit(LONGEST_FIELD)
    begin = head[: 1 << 20].decode(errors="replace")
    mark = delimiter_of(begin)
    first = next(csv.reader(io.StringIO(begin), delimiter=mark))
    header = not any(re.match(DATA, cell) for cell in first)
    names = [name if header and name else f"_c{i}" for i, name in enumerate(first)]
    ragged: list[int] = []

    def left_out(row: arrow_csv.InvalidRow) -> str:
        ragged.append(1)
        return "skip"

    multi_line = b'"' in head and _breaks_in_quotes(head)
    rows = arrow_csv.read_csv(
        io.BytesIO(head),
        arrow_csv.ReadOptions(column_names=names, skip_rows=int(header), block_size=BLOCK),
        arrow_csv.ParseOptions(
            delimiter=mark, newlines_in_values=multi_line, invalid_row_handler=left_out
        ),
        arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            strings_can_be_null=True,
            null_values=[""],
        ),
    )
    layout = replace(layout, delimiter=mark, header=header, multi_line=multi_line)
    return Head((path,), layout, rows, is_whole=True, ragged=len(ragged))


def _breaks_in_quotes(head: bytes) -> bool:
    """Whether a quoted field goes on in the next line: a line of it has an odd number of quotes."""
    return any(line.count(b'"') % 2 for line in head[:BROKEN_WITHIN].split(b"\n"))


def _read_json(path: Path, head: bytes, layout: Layout) -> Head:
    return Head(
        (path,),
        layout,
        arrow_json.read_json(io.BytesIO(head), arrow_json.ReadOptions(block_size=BLOCK)),
        is_whole=True,
    )


def _read_parquet(path: Path) -> Head:
    with parquet.ParquetFile(path) as file:
        whole = file.metadata.num_rows
        groups: list[int] = []
        rows = 0
        for i in range(file.metadata.num_row_groups):
            if not groups or rows + file.metadata.row_group(i).num_rows <= ROWS:
                groups.append(i)
                rows += file.metadata.row_group(i).num_rows
        read_rows = file.read_row_groups(groups)
    return Head((path,), Layout("parquet"), read_rows, is_whole=rows == whole)
