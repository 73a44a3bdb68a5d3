"""A shop of a dozen orders in two markets, small enough to count by hand."""

from typing import Any

from tests import oracle
from tests.project import Project

# market, customer, order, item. cup is bought without being in the catalogue; old is delisted.
LINES = [
    ("uk", "ann", "1", "tea"), ("uk", "ann", "1", "jam"), ("uk", "ann", "1", "tea"),
    ("uk", "ann", "2", "tea"), ("uk", "ann", "2", "milk"),
    ("uk", "ben", "3", "tea"), ("uk", "ben", "3", "jam"), ("uk", "ben", "3", "milk"),
    ("uk", "ben", "4", "rice"),
    ("uk", "cid", "5", "tea"), ("uk", "cid", "5", "cup"),
    ("uk", "cid", "6", "jam"), ("uk", "cid", "6", "cup"),
    ("uk", "dan", "7", "milk"), ("uk", "dan", "7", "rice"), ("uk", "dan", "7", "old"),
    ("uk", "dan", "8", "tea"), ("uk", "dan", "8", "old"),
    ("de", "eva", "9", "tea"), ("de", "eva", "9", "jam"),
    ("de", "eva", "10", "tea"), ("de", "eva", "10", "jam"),
    ("de", "fin", "11", "tea"), ("de", "fin", "11", "rice"),
    ("de", "fin", "12", "rice"), ("de", "fin", "12", "milk"),
]  # fmt: skip
TITLES = {
    "tea": "Green tea", "jam": "Plum jam", "milk": "Milk", "rice": "Rice", "old": "Old tea",
}  # fmt: skip
UNITS = ("order", "customer")
METRICS = ("pearson_residual", "lift", "npmi")
TOP_K = 3


def fill(project: Project) -> None:
    """Lay the shop's files and settings into a project."""
    header = "market,customer,order,nth,item,time"
    lines = [
        f"{market},{customer},{order},{n},{item},2017-11-{n + 1:02}"
        for n, (market, customer, order, item) in enumerate(LINES)
    ]
    project.file("purchases/1.csv", "\n".join([header, *lines[:10]]) + "\n")
    project.file("purchases/2.csv", "\n".join([header, *lines[10:]]) + "\n")
    project.purchases["columns"] |= {"line": "nth", "market": "market"}
    project.items["columns"]["is_available"] = "for_sale"
    project.conf["lists"] = {"metrics": list(METRICS), "min_support": 1}
    project.conf["jobs"]["related_items"]["top_k"] = TOP_K
    delist(project, "old")


def delist(project: Project, *gone: str) -> None:
    """Deliver a catalogue in which these items are not for sale."""
    lines = [f"{item},{title},{item not in gone}" for item, title in TITLES.items()]
    project.file("items/1.csv", "\n".join(["item,title,for_sale", *lines]) + "\n")


def dated() -> list[tuple[str, str, str, str, int]]:
    """The lines with a time, as the oracle takes them."""
    return [(*line, n) for n, line in enumerate(LINES)]


def lists(*gone: str) -> list[tuple[Any, ...]]:
    """What related_items must hold, worked out in plain Python, sorted.

    Rows: unit, market, metric, item, rank, related item, score, N, E, n_x, n_y, n.
    """
    found = []
    for unit in UNITS:
        pairs = oracle.pairs(dated(), unit)
        for metric in METRICS:
            best = oracle.related(
                pairs, metric, 1, TOP_K, lambda item: item in TITLES and item not in gone
            )
            for (market, x), ranked in best.items():
                for rank, (y, score) in enumerate(ranked, 1):
                    evidence = pairs[market, x, y]
                    found.append((unit, market, metric, x, rank, y, score, *evidence))
    return sorted(rounded(row) for row in found)


def served(project: Project) -> list[tuple[Any, ...]]:
    """What related_items holds, in the form of `lists`."""
    table = project.read("related_items").select(
        "unit", "market", "metric", "item_id", "rank", "related_item_id", "score",
        "both", "expected", "buyers", "related_buyers", "units",
    )  # fmt: skip
    return sorted(rounded(tuple(row)) for row in table.collect())


def rounded(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """The row with numbers to 12 digits: sums of floats differ in the last one."""
    return tuple(round(cell, 12) if isinstance(cell, float) else cell for cell in row)
