"""A shop's CSV files: a year of purchases by month, what the next nights bring, a catalogue.

The purchases are those of the generated data sets, in the order of their times, with a small share
of lines that break a rule, that stand twice in a file, or that the next file has again. The same
data set gives the same bytes. One month is in memory at a time.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from benchmarks.data_sets import AS_OF, LOOK_BACK_DAYS, DataSet
from benchmarks.files_to_lists import SMALL_ROWS
from benchmarks.generate import SEED, Shop, Sizes, chunks, orders_of, padded

LAYOUT = 1  # raise it when the same data set gives other bytes
BROKEN_SHARE = 0.002
TWICE_SHARE = 0.002
OVERLAP_SHARE = 0.001  # of a month's lines, its last ones, that the next month's file begins with
UNAVAILABLE_EVERY = 33  # about 3 per cent of the items
LINES_AT_ONCE = 1_000_000
MOST_NEW_LINES = 30_000
MOST_ADDED_LINES = 3_000
DAY_SECONDS = 86_400
COLUMNS = ("order_id", "customer_id", "item_id", "time", "quantity", "price")
HEADER = ",".join(COLUMNS)
MATERIALS = ("oak", "steel", "linen", "glass", "cotton", "clay", "cork", "wool", "brass", "pine")
THINGS = ("bowl", "lamp", "chair", "kettle", "blanket", "shelf", "mug", "basket", "clock", "tray")


@dataclass(frozen=True)
class ShopFiles:
    """Where the files of a data set lie."""

    folder: Path

    @property
    def months(self) -> list[Path]:
        """The files of the first night."""
        return sorted((self.folder / "months").glob("*.csv"))

    @property
    def new_day(self) -> Path:
        return self.folder / "new_day.csv"

    @property
    def late_day(self) -> Path:
        """Lines of a day in the middle of the year."""
        return self.folder / "late_day.csv"

    @property
    def added(self) -> Path:
        """Lines, without a header, by which the last month's file grows."""
        return self.folder / "added.csv"

    @property
    def items(self) -> Path:
        return self.folder / "items.csv"

    @property
    def redemptions(self) -> Path:
        """The source of a job of SMALL_ROWS rows."""
        return self.folder / "redemptions.csv"

    def sizes(self) -> dict[str, int]:
        """What was written; empty where the files are still to be made, or were made otherwise."""
        file = self.folder / "sizes.json"
        sizes: dict[str, int] = json.loads(file.read_text()) if file.is_file() else {}
        return sizes if sizes.get("layout") == LAYOUT else {}


def write_shop_files(data: DataSet, folder: Path) -> ShopFiles:
    """Write the data set's files into the folder; what is there already is replaced."""
    part = folder.with_name(f"{folder.name}.part")
    for old in (part, folder):
        shutil.rmtree(old, ignore_errors=True)
    (part / "months").mkdir(parents=True)
    shop = Shop(data)
    sizes = {"layout": LAYOUT, "items": data.items, **_write_months(data, part)}
    new = min(MOST_NEW_LINES, data.purchases // 20)
    _write_day(shop, part / "new_day.csv", AS_OF, new)
    _write_day(shop, part / "late_day.csv", AS_OF - timedelta(days=200), new)
    added = min(MOST_ADDED_LINES, data.purchases // 200)
    _write_day(shop, part / "added.csv", AS_OF - timedelta(days=3), added, header=False)
    _write_items(data, part / "items.csv")
    _write_redemptions(part / "redemptions.csv")
    sizes |= {"new_lines": new, "added_lines": added}
    (part / "sizes.json").write_text(json.dumps(sizes, indent=1) + "\n")
    part.rename(folder)
    return ShopFiles(folder)


def _write_months(data: DataSet, part: Path) -> dict[str, int]:
    """The monthly CSV files, by way of a Parquet file a month that is sorted when all are there."""
    sorting = part / "sorting"
    sorting.mkdir()
    sizes = Sizes()
    with ExitStack() as open_files:
        writers: dict[str, pq.ParquetWriter] = {}
        for batch in chunks(data, sizes):
            for month, rows in _by_month(batch):
                if month not in writers:
                    writer = pq.ParquetWriter(sorting / f"{month}.parquet", rows.schema)
                    writers[month] = open_files.enter_context(writer)
                writers[month].write_table(rows)
    lines = overlap = 0
    ends_before = pa.table({})
    for file in sorted(sorting.iterdir()):
        rows = pq.read_table(file).sort_by([("at", "ascending"), ("order_id", "ascending")])
        file.unlink()
        lines += _write_month(ends_before, rows, part / "months" / f"{file.stem}.csv")
        overlap += len(ends_before)
        ends_before = as_text(rows.slice(len(rows) - round(OVERLAP_SHARE * len(rows))))
    sorting.rmdir()
    megabytes = sum(file.stat().st_size for file in (part / "months").iterdir()) // 1_000_000
    counts = {"purchases": sizes.purchases, "customers": sizes.customers, "pairs": sizes.pairs}
    return {**counts, "lines": lines, "overlapping": overlap, "megabytes": megabytes}


def _write_month(ends_before: pa.Table, rows: pa.Table, file: Path) -> int:
    """Write the end of the month before and the month's rows, with faults; how many lines."""
    lines = len(ends_before)
    with file.open("wb") as out:
        out.write(f"{HEADER}\n".encode())
        if lines:
            _append(ends_before, out)
        for first in range(0, len(rows), LINES_AT_ONCE):
            texts = with_faults(as_text(rows.slice(first, LINES_AT_ONCE)), lines)
            _append(texts, out)
            lines += len(texts)
    return lines


def _by_month(batch: pa.RecordBatch) -> Iterator[tuple[str, pa.Table]]:
    """The lines of each month, with a quantity of 1 to 4 that follows from the price."""
    at = batch["purchased_at"]
    cents = pc.cast(pc.round(pc.multiply(batch["price"], 100.0)), pa.int64())
    rows = pa.table(
        {
            "order_id": batch["order_id"],
            "customer_id": batch["customer_id"],
            "item_id": batch["item_id"],
            "at": at,
            "quantity": pc.add(pc.bit_wise_and(cents, 3), 1),
            "price": batch["price"],
        }
    )
    months = pc.strftime(at, "%Y-%m")
    for month in sorted(pc.unique(months).to_pylist()):
        yield month, rows.filter(pc.equal(months, month))


def as_text(rows: pa.Table) -> pa.Table:
    """The lines as a CSV file has them, all text."""
    seconds = rows["at"].cast(pa.timestamp("s"), safe=False)
    columns = {name: rows[name].cast(pa.string()) for name in COLUMNS if name != "time"}
    columns["time"] = pc.strftime(seconds, "%Y-%m-%dT%H:%M:%S")
    return pa.table({name: columns[name] for name in COLUMNS})


def with_faults(lines: pa.Table, salt: int) -> pa.Table:
    """The lines with BROKEN_SHARE of them broken, and TWICE_SHARE of the good ones there twice."""
    rng = np.random.default_rng([SEED, len(lines), salt])
    kind = rng.integers(1, 5, len(lines)) * (rng.random(len(lines)) < BROKEN_SHARE)
    faults = {"item_id": "", "time": "2017-02-30T25:61:00", "quantity": "-1", "price": "n/a"}
    for number, (name, text) in enumerate(faults.items(), start=1):
        at = lines.column_names.index(name)
        broken = pc.if_else(pa.array(kind == number), text, lines[name])
        lines = lines.set_column(at, name, broken)
    again = (rng.random(len(lines)) < TWICE_SHARE) & (kind == 0)
    return lines.take(pa.array(np.repeat(np.arange(len(lines)), 1 + again)))


def _append(lines: pa.Table, out: IO[bytes]) -> None:
    """Write the lines without quotes, which nothing in them needs, and without a header."""
    options = pa_csv.WriteOptions(include_header=False, quoting_style="none")
    pa_csv.write_csv(lines, out, options)


def _write_day(shop: Shop, file: Path, day: date, count: int, *, header: bool = True) -> None:
    """`count` lines of one day, of customers from all over the shop, in new orders."""
    data, letter = shop.data, file.stem[0]
    rng = np.random.default_rng([SEED, data.customers, *file.stem.encode()])
    customers, items = shop.lines(rng, 0, min(data.customers, count))
    who = rng.choice(data.customers, min(data.customers, count), replace=False)
    customers, items = who[customers[:count]], items[:count]
    order, _ = orders_of(rng, customers)
    first = int(np.datetime64(day, "s").astype(np.int64))
    seconds = np.sort(first + rng.integers(0, DAY_SECONDS, int(order[-1]) + 1))[order]
    rows = pa.table(
        {
            "order_id": padded(letter, order, 8),
            "customer_id": padded("c", customers, 7),
            "item_id": shop.item_ids.take(pa.array(items)),
            "at": pa.array(seconds * 1_000_000, pa.timestamp("us", "UTC")),
            "quantity": rng.integers(1, 4, len(order)),
            "price": np.round(rng.gamma(2.0, 8.0, len(order)) + 0.01, 2),
        }
    )
    with file.open("wb") as out:
        out.write(f"{HEADER}\n".encode() if header else b"")
        _append(with_faults(as_text(rows), 0), out)


def _write_items(data: DataSet, file: Path) -> None:
    """The catalogue: every item with a title, nearly all available."""
    numbers = np.arange(data.items)
    words = [
        pa.array(names).take(pa.array(n))
        for names, n in ((MATERIALS, numbers % 10), (THINGS, numbers // 10 % 10))
    ]
    titles = pc.binary_join_element_wise(*words, pa.array(numbers).cast(pa.string()), " ")
    catalogue = pa.table(
        {
            "item_id": padded("i", numbers, 5),
            "title": titles,
            "brand": padded("brand ", numbers % 997, 3),
            "category": pa.array(THINGS).take(pa.array(numbers // 10 % 10)),
            "is_available": pa.array(numbers % UNAVAILABLE_EVERY > 0).cast(pa.string()),
        }
    )
    with file.open("wb") as out:
        out.write(f"{','.join(catalogue.column_names)}\n".encode())
        _append(catalogue, out)


def _write_redemptions(file: Path) -> None:
    numbers = np.arange(SMALL_ROWS)
    first = AS_OF - timedelta(days=LOOK_BACK_DAYS // 2)
    lines = [f"offer{n},{first + timedelta(days=int(n) % 150)}T12:00:00" for n in numbers]
    file.write_text("\n".join(["offer_id,redeemed_at", *lines]) + "\n")
