"""A new shop's way from one messy file to its first list, with a stopwatch: four commands.

    python -m benchmarks.new_shop                 500,000 lines
    python -m benchmarks.new_shop --lines 50000

The file is generated in the form in which many shops export their orders: guests, customer ids with
a .0, cancellations (order ids with a C, negative quantities), postage lines, times in American
order. The commands are those that `alsobought init` prints, unchanged, in an empty folder.
"""

import argparse
import csv
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

HEADER = "InvoiceNo StockCode Description Quantity InvoiceDate UnitPrice CustomerID Country"
ITEMS, CUSTOMERS, LONGEST = 3_500, 4_300, 40
GUESTS, RETURNED, WITH_POSTAGE = 0.2, 0.03, 0.1  # shares of the orders
MOST_SECONDS = 180
LAND = "France"
Line = list[str]


def orders(seed: int) -> Iterator[list[Line]]:
    """Lines, order by order, without an end; an order that is returned comes again, as a return."""
    random = np.random.default_rng(seed)
    popularity = np.arange(1, ITEMS + 1) ** -0.7
    popularity /= popularity.sum()
    prices = random.uniform(0.2, 20, ITEMS)
    at = datetime(2010, 12, 1, 8, 26)  # noqa: DTZ001 - the shop's wall time
    for number in range(536_365, 10**9):
        at += timedelta(minutes=float(random.exponential(20)))
        is_guest = random.random() < GUESTS
        customer = "" if is_guest else f"{12_346 + int(random.integers(CUSTOMERS))}.0"
        bought = random.choice(ITEMS, int(random.integers(1, LONGEST)), p=popularity)
        lines = [
            [*_product(number, item), f"{units}", _time(at), f"{prices[item]:.2f}", customer, LAND]
            for item, units in zip(bought, random.integers(1, 20, len(bought)), strict=True)
        ]
        if random.random() < WITH_POSTAGE:
            when = lines[0][4]
            lines.append([f"{number}", "POST", "POSTAGE", "1", when, "18.00", customer, LAND])
        yield lines
        if random.random() < RETURNED:
            at += timedelta(minutes=1)
            yield [_returned(line, at) for line in lines if line[1] != "POST"]


def _product(order: int, item: int) -> Line:
    return [f"{order}", f"{20_000 + item}", f"RED HEART {item} LIGHT"]


def _returned(line: Line, at: datetime) -> Line:
    order, item, title, units, _, *rest = line
    return [f"C{order}", item, title, f"-{units}", _time(at), *rest]


def _time(at: datetime) -> str:
    return f"{at.month}/{at.day}/{at.year} {at.hour}:{at.minute:02}"


def write_orders(file: Path, lines: int) -> None:
    """A file of so many lines and the rest of the last order."""
    written = 0
    with file.open("w", newline="", encoding="latin-1") as out:
        rows = csv.writer(out)
        rows.writerow(HEADER.split())
        for order in orders(seed=1):
            rows.writerows(order)
            written += len(order)
            if written >= lines:
                return


def timed(command: list[str], home: Path) -> tuple[float, str]:
    """The seconds that a command took, and what it printed. Ends this program where it fails."""
    began = time.monotonic()
    ended = subprocess.run(command, cwd=home, capture_output=True, text=True)
    seconds = time.monotonic() - began
    if ended.returncode:
        sys.exit(f"{' '.join(command)} failed: {ended.stdout}{ended.stderr}")
    print(f"{seconds:6.1f} s  {' '.join(command[1:])}", flush=True)
    return seconds, ended.stdout


def main() -> None:
    """Generate the file, run the four commands, print what each took."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--lines", type=int, default=500_000)
    given = parser.parse_args()
    program = str(Path(sys.executable).with_name("alsobought"))
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        write_orders(home / "orders.csv", given.lines)
        total, printed = timed([program, "init", "orders.csv", "--env", "shop"], home)
        proposed = [line.split() for line in printed.splitlines() if " alsobought " in line]
        for words in proposed:
            total += timed([program, *words[1:]], home)[0]
    print(f"{total:6.1f} s  in all, of at most {MOST_SECONDS} s")


if __name__ == "__main__":
    main()
