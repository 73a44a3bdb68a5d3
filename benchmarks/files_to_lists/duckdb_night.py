"""DuckDB: from the CSV files to Parquet lists, or its ranking alone; started by night.

The columns' types are given to read_csv, whose own reject table takes what it cannot read;
duplicates go by DISTINCT over what the project's key is a hash of. The counting is that of
benchmarks.contestants.duckdb_join: integer codes, a self-join, first-order E.
"""

import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.contestants.duckdb_join import (
    BEST,
    CODES,
    PAIRS,
    STATISTICS,
    connected,
    filled_in,
)

GOOD = """
    SELECT order_id, item_id, customer_id, time, quantity, price
    FROM read_csv($files, header = true, delim = ',', auto_detect = false, store_rejects = true,
        columns = {'order_id': 'VARCHAR', 'customer_id': 'VARCHAR', 'item_id': 'VARCHAR',
                   'time': 'TIMESTAMP', 'quantity': 'DOUBLE', 'price': 'DOUBLE'})
    WHERE order_id IS NOT NULL AND customer_id IS NOT NULL AND item_id IS NOT NULL
        AND time < DATE '$as_of' AND quantity > 0
"""
LOAD = f"""
CREATE TEMP TABLE purchases AS SELECT DISTINCT * FROM ({GOOD});
"""
ITEMS = """
CREATE TEMP TABLE items AS
    SELECT item_id, title, is_available
    FROM read_csv('$items', header = true, delim = ',', auto_detect = false,
        columns = {'item_id': 'VARCHAR', 'title': 'VARCHAR', 'brand': 'VARCHAR',
                   'category': 'VARCHAR', 'is_available': 'BOOLEAN'});
"""
IN_WINDOW = """
CREATE TEMP VIEW lines AS
    SELECT customer_id, item_id FROM purchases
    WHERE time >= DATE '$as_of' - INTERVAL $look_back DAY;
"""
CANDIDATES = f"""
CREATE TEMP TABLE co_purchases AS {BEST};
"""
LISTS = """
COPY (
    SELECT item_id, rank, related_item_id, title, score, "both", expected, buyers, related_buyers,
           units
    FROM (
        SELECT *, row_number() OVER ranking AS rank
        FROM co_purchases JOIN (SELECT item_id AS related_item_id, title FROM items
                                WHERE is_available) USING (related_item_id)
        WINDOW ranking AS (PARTITION BY item_id ORDER BY score DESC, related_item_id)
        QUALIFY row_number() OVER ranking <= $places
    )
) TO '$out' (FORMAT parquet);
"""
RANKING = """
COPY (
    WITH scored AS (
        SELECT unit, market, relation, item_id, related_item_id, "both", expected, buyers,
               related_buyers, units, ("both" - expected) / sqrt(expected) AS score
        FROM read_parquet($candidates)
        WHERE "both" >= $support AND related_item_id IN (
            SELECT item_id FROM read_parquet($catalogue) WHERE is_available)
    )
    SELECT *, row_number() OVER ranking AS rank FROM scored
    WINDOW ranking AS (PARTITION BY unit, market, relation, item_id
                       ORDER BY score DESC, related_item_id)
    QUALIFY row_number() OVER ranking <= $places
) TO '$out' (FORMAT parquet);
"""
STEPS = {
    "purchases": (LOAD,),
    "items": (ITEMS,),
    "co_purchases": (IN_WINDOW, CODES, STATISTICS, PAIRS, CANDIDATES),
    "related_items": (LISTS,),
}


@dataclass(frozen=True)
class Given:
    """What the script is started with; `values` by the names that the SQL has."""

    what: str
    """all: from files to lists; ranking: from the stored candidates alone."""
    cores: int
    scratch: str
    values: dict[str, str]

    def as_text(self) -> str:
        return json.dumps(asdict(self))


def run(given: Given) -> dict[str, Any]:
    """The seconds of each step."""
    connection = connected(given.cores, given.scratch)
    steps = STEPS if given.what == "all" else {"ranking": (RANKING,)}
    seconds: dict[str, float] = {}
    for name, texts in steps.items():
        began = time.perf_counter()
        for text in texts:
            connection.execute(filled_in(text, given.values))
        seconds[name] = round(time.perf_counter() - began, 3)
    counts = {} if given.what == "ranking" else {"good": _count(connection, "purchases")}
    version = f"duckdb {duckdb.__version__}"
    return {"steps": seconds, **counts, "version": version}


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    rows = connection.execute(f"SELECT count(*) FROM {table}").fetchall()
    return int(rows[0][0])


def main() -> None:
    given = Given(**json.loads(sys.argv[1]))
    Path(given.scratch).mkdir(parents=True, exist_ok=True)
    print(json.dumps(run(given)), flush=True)


if __name__ == "__main__":
    main()
