"""What the page of a night takes: seconds, memory and bytes to make it, and how soon it is there.

    python -m benchmarks.report_page 68000    # a made-up shop whose lists are all full
    python -m benchmarks.report_page --home . --env demo --as-of 2017-12-01

Prints one line of JSON. Every item of the made-up shop has six lists of 20 places, by two units and
three scores. The page is opened from disk in Chromium: the first view, until it is laid out; and a
search, from typing the words to the first hit.
"""

import argparse
import json
import math
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from deltalake import write_deltalake

from benchmarks.files_to_lists.watched import watch

DAY = date(2024, 1, 2)
UNITS = {"order": 1_000_000, "customer": 100_000}
METRICS = ("pearson_residual", "lift", "confidence")
PLACES, CANDIDATES, AT_ONCE = 20, 40, 2_000
WORDS = ("hot", "dog", "buns", "green", "tea", "milk", "bread", "rice", "jam", "soap", "oat", "red")
TOML = """
warehouse = "tables"
[spark]
[jobs]
"""


def buyers_of(items: int) -> np.ndarray:
    """How many units have each item: popularity falls with its rank."""
    return np.maximum(30, 300_000 * np.arange(1, items + 1) ** -0.9).astype(np.int64)


def lists(items: int, seed: int = 1) -> Iterator[pa.RecordBatch]:
    """Rows of related_items of every item, with counts that fit each other."""
    rng, popularity = np.random.default_rng(seed), buyers_of(items)
    chance = popularity / popularity.sum()
    for first in range(0, items, AT_ONCE):
        item = np.arange(first, min(items, first + AT_ONCE))
        for unit, units in UNITS.items():
            others = rng.choice(items, (len(item), CANDIDATES), p=chance)
            expected = popularity[item][:, None] * popularity[others] / units
            both = 5 + rng.poisson(expected * rng.lognormal(0.5, 1, others.shape))
            scores = {
                "pearson_residual": (both - expected) / np.sqrt(expected),
                "lift": both / expected,
                "confidence": both / popularity[item][:, None],
            }
            for metric in METRICS:
                best = np.argsort(-scores[metric], axis=1)[:, :PLACES]
                columns = [_of(a, best) for a in (others, scores[metric], both, expected)]
                yield _batch(item, (unit, metric), columns, popularity)


def _of(columns: np.ndarray, best: np.ndarray) -> np.ndarray:
    return np.take_along_axis(columns, best, axis=1).ravel()


def _batch(
    item: np.ndarray, kind: tuple[str, str], columns: list[np.ndarray], popularity: np.ndarray
) -> pa.RecordBatch:
    unit, metric = kind
    others, score, both, expected = columns
    n = len(others)
    return pa.RecordBatch.from_pydict(
        {
            "as_of": pa.array([DAY] * n), "unit": [unit] * n, "market": ["all"] * n,
            "relation": ["together"] * n, "metric": [metric] * n,
            "item_id": np.repeat(item, PLACES).astype(str),
            "rank": np.tile(np.arange(1, PLACES + 1, dtype=np.int32), len(item)),
            "related_item_id": others.astype(str), "score": score, "both": both,
            "expected": expected, "buyers": np.repeat(popularity[item], PLACES),
            "related_buyers": popularity[others], "units": np.full(n, UNITS[unit]),
        }
    )  # fmt: skip


def made_up(home: Path, items: int) -> None:
    """A project whose warehouse has the lists, the catalogue and the counts of so many items."""
    for name in ("conf", "jobs"):
        (home / name).mkdir(parents=True)
    (home / "conf" / "big.toml").write_text(TOML, encoding="utf-8")
    batches = lists(items)
    first = next(batches)
    tables = home / "tables"
    rows = pa.RecordBatchReader.from_batches(first.schema, _chained(first, batches))
    write_deltalake(tables / "related_items", rows, partition_by=["as_of"])
    rng, ids = np.random.default_rng(2), [str(n) for n in range(items)]
    titles = [" ".join(rng.choice(WORDS, 3)) + f" {n % 64} oz" for n in range(items)]
    catalogue = {
        "item_id": ids, "title": titles, "brand": [f"brand {n % 500}" for n in range(items)],
        "category": [["food", f"aisle {n % 40}"] for n in range(items)],
        "is_available": [True] * items,
    }  # fmt: skip
    write_deltalake(tables / "items", pa.table(catalogue))
    statistics_ = {
        "as_of": [DAY] * items, "unit": ["order"] * items, "market": ["all"] * items,
        "item_id": ids, "buyers": buyers_of(items), "units": [UNITS["order"]] * items,
        "other_purchases": [[{"others": 9, "buyers": int(n)}] for n in buyers_of(items)],
    }  # fmt: skip
    write_deltalake(tables / "item_statistics", pa.table(statistics_), partition_by=["as_of"])


def _chained(first: pa.RecordBatch, rest: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    yield first
    yield from rest


def opened(folder: Path, words: str, times: int = 5) -> dict[str, Any]:
    """How soon the page is there and how soon a word is found, in milliseconds: medians."""
    from playwright.sync_api import sync_playwright

    first_views, searches, size = [], [], 0
    with sync_playwright() as playwright:
        program = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for _ in range(times):
            page = browser.new_page()
            page.goto((folder / "index.html").as_uri())
            load = "performance.getEntriesByType('navigation')[0].loadEventEnd"
            first_views.append(page.evaluate(load))
            page.wait_for_timeout(1500)  # a reader reads; the index comes meanwhile
            began = time.perf_counter()
            page.fill("#words", words)
            page.wait_for_selector(".hit")
            searches.append(1000 * (time.perf_counter() - began))
            page.close()
        browser.close()
    size = sum((folder / name).stat().st_size for name in ("index.html", "page.css", "page.js"))
    return {
        "first_view_bytes": size,
        "first_view_ms": round(statistics.median(first_views)),
        "search_ms": round(statistics.median(searches)),
    }


def main() -> None:
    """Make the page, open it, print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("items", type=int, nargs="?", default=68_000)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--env", default="big")
    parser.add_argument("--as-of", default=str(DAY))
    parser.add_argument("--words", default="green tea")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        home = given.home or Path(scratch) / "home"
        if given.home is None:
            made_up(home, given.items)
        folder = Path(scratch) / "page"
        code = "from alsobought.commands.cli import main; main()"
        command = [sys.executable, "-c", code, "report", "--env", given.env]
        command += ["--as-of", given.as_of, "--to", str(folder)]
        settings = {"ALSOBOUGHT_HOME": str(home.resolve())}
        result = watch(command, Path(scratch), settings, 3600)
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        print(json.dumps({
            "items": given.items if given.home is None else given.env,
            "seconds": round(result.seconds, 1),
            "core_seconds": result.peaks.core_seconds()["core_seconds_others"],
            "peak_mb": math.ceil(result.peaks.tree / 1e6),
            "folder_mb": round(size / 1e6, 1), **opened(folder, given.words),
        }))  # fmt: skip


if __name__ == "__main__":
    main()
