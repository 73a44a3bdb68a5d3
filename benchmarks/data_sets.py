"""The generated data sets by name, and where they lie."""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path

HERE = Path(__file__).parent
DATA = HERE / "data"
AS_OF = date(2017, 12, 1)
LOOK_BACK_DAYS = 365


@dataclass(frozen=True)
class DataSet:
    """What to generate; `purchases` is met within a per cent or so."""

    name: str
    customers: int
    items: int
    purchases: int
    markets: int = 1
    star_share: float = 0.0
    """The share of all customers that bought one and the same item beside their own."""
    hoard: int = 0
    """The distinct items of the first customer."""
    is_real: bool = False
    """Not generated: Complete Journey."""

    def folder(self, data: Path) -> Path:
        """Where the data set lies: the Delta table `purchases`, and sizes.json."""
        return data / self.name


MILLION = 1_000_000
GROWTH = tuple(
    DataSet(f"g{k}", k * MILLION // 4, 100_000, k * 10_500_000 // 4) for k in (1, 2, 4, 8)
)
ALL = {
    data.name: data
    for data in (
        DataSet("tiny", 2_000, 500, 20_000),
        DataSet("small", 30_000, 10_000, 300_000),
        DataSet("s2m", 200_000, 50_000, 2_000_000),
        DataSet("s10m", MILLION, 100_000, 10_500_000),
        DataSet("s40m", 4 * MILLION, 200_000, 42_000_000),
        DataSet("s100m", 10 * MILLION, 400_000, 100_000_000),
        *GROWTH,
        DataSet("skew", MILLION // 2, 150_000, 5_000_000, 1_000, star_share=0.3, hoard=100_000),
        DataSet("journey", 2_469, 68_509, 1_460_000, is_real=True),
    )
}


def sizes(data: Path, name: str) -> dict[str, int]:
    """What the generator counted; empty where the data set is still to be generated."""
    file = ALL[name].folder(data) / "sizes.json"
    return json.loads(file.read_text()) if file.is_file() else {}
