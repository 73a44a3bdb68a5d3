"""The contestants: each module has ready(task), which is not timed, and run(task, ready)."""

from dataclasses import asdict, dataclass
from pathlib import Path

TOP = 50


@dataclass(frozen=True)
class Task:
    """What a contestant is given."""

    purchases: str
    """The Delta table to read."""
    out: str
    """The folder to write Parquet or Delta into."""
    scratch: str
    """For files that are deleted after the run."""
    cores: int
    support: int
    rows: int
    """How many rows to write: for the floor only."""

    def as_dict(self) -> dict[str, str | int]:
        return asdict(self)


@dataclass(frozen=True)
class Contestant:
    """Which module runs, with which Python, and on how many purchases it still ends."""

    module: str
    what: str
    most_purchases: int = 100_000_000
    own_python: bool = False
    """Needs packages that do not go with the project's: runs in benchmarks/.venv-peers."""
    exact: bool = True
    """Counts N exactly, so that it must agree with the engine."""
    markets: bool = False
    """Keeps markets apart and caps baskets: can run on `skew`."""


SMALL, MEDIUM = 3_000_000, 12_000_000
ALL = {
    "engine": Contestant("engine", "the engine, Delta to Delta", markets=True),
    "engine_lines": Contestant(
        "engine_lines", "the engine, repeats counted in E", exact=False, markets=True
    ),
    "engine_plain_scores": Contestant(
        "engine_plain_scores", "the engine, every score without a prior", exact=False, markets=True
    ),
    "engine_all_scores": Contestant(
        "engine_all_scores", "the engine, every score, matched E", exact=False, markets=True
    ),
    "floor": Contestant(
        "floor", "rows to Python, one shuffle, rows back: no counting", exact=False
    ),
    "self_join": Contestant("self_join", "Spark self-join and window, integer codes", MEDIUM),
    "reference": Contestant("reference", "the project's plain Spark join", MEDIUM, markets=True),
    "duckdb": Contestant("duckdb_join", "DuckDB self-join and window"),
    "polars": Contestant("polars_join", "polars self-join", MEDIUM),
    "scipy": Contestant("scipy_product", "scipy X'X in chunks, one thread"),
    "implicit": Contestant("implicit_cosine", "implicit's cosine, nothing written", exact=False),
    "replay_rules": Contestant(
        "replay_rules", "replay-rec's association rules", SMALL, own_python=True, exact=False
    ),
    "replay_knn": Contestant(
        "replay_knn", "replay-rec's ItemKNN", SMALL, own_python=True, exact=False
    ),
    "pysarplus": Contestant(
        "sarplus_lift", "pysarplus lift, every pair", SMALL, own_python=True, exact=False
    ),
}


def files(table: str) -> list[str]:
    """The Parquet files that the Delta table holds now."""
    from deltalake import DeltaTable

    return [str(Path(uri.removeprefix("file://"))) for uri in DeltaTable(table).file_uris()]
