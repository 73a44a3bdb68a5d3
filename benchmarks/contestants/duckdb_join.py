"""DuckDB: integer codes, a self-join of distinct rows, first-order E, a window, COPY to Parquet."""

import duckdb

from benchmarks.contestants import TOP, Task, files

LINES = """
CREATE TEMP TABLE lines AS
    SELECT customer_id, item_id FROM read_parquet($files);
"""
CODES = """
CREATE TEMP TABLE item AS
    SELECT item_id, row_number() OVER (ORDER BY item_id)::INTEGER AS code
    FROM (SELECT DISTINCT item_id FROM lines);
CREATE TEMP TABLE customer AS
    SELECT customer_id, row_number() OVER ()::INTEGER AS code
    FROM (SELECT DISTINCT customer_id FROM lines);
CREATE TEMP TABLE owned AS
    SELECT DISTINCT customer.code AS c, item.code AS x
    FROM lines JOIN item USING (item_id) JOIN customer USING (customer_id);
"""
STATISTICS = """
CREATE TEMP TABLE stats AS
    WITH size AS (SELECT c, count(*) AS items FROM owned GROUP BY c),
         total AS (SELECT count(*) AS units, sum(items) AS lines FROM size)
    SELECT x, count(*) AS buyers, sum(items - 1)::DOUBLE AS others,
           count(*) / any_value(total.lines) AS share, any_value(total.units) AS units
    FROM owned JOIN size USING (c), total GROUP BY x;
"""
PAIRS = """
CREATE TEMP TABLE pair AS
    SELECT a.x AS x, b.x AS y, count(*) AS "both"
    FROM owned a JOIN owned b ON a.c = b.c AND a.x < b.x
    GROUP BY ALL HAVING count(*) >= $support;
"""
BEST = """
    WITH mirrored AS (
        SELECT x, y, "both" FROM pair UNION ALL SELECT y, x, "both" FROM pair
    ), evidence AS (
        SELECT m.x, m.y, m."both", t.share * s.others AS expected, s.buyers AS buyers,
               t.buyers AS related_buyers, s.units,
               (m."both" - t.share * s.others) / sqrt(t.share * s.others) AS score
        FROM mirrored m JOIN stats s ON m.x = s.x JOIN stats t ON m.y = t.x
    ), best AS (
        SELECT * FROM evidence
        QUALIFY row_number() OVER (PARTITION BY x ORDER BY score DESC, y) <= $top
    )
    SELECT i.item_id, j.item_id AS related_item_id, "both", expected, buyers, related_buyers,
           units, score
    FROM best JOIN item i ON best.x = i.code JOIN item j ON best.y = j.code
"""


def connected(cores: int, scratch: str) -> duckdb.DuckDBPyConnection:
    """A connection of so many threads that may spill to the folder."""
    connection = duckdb.connect()
    connection.execute(f"SET threads = {cores}")
    connection.execute("SET memory_limit = '16GB'")
    connection.execute("SET preserve_insertion_order = false")
    connection.execute(f"SET temp_directory = '{scratch}'")
    return connection


def filled_in(text: str, values: dict[str, str]) -> str:
    """The SQL with each $name as its value."""
    for name, value in values.items():
        text = text.replace(f"${name}", value)
    return text


def ready(task: Task) -> duckdb.DuckDBPyConnection:
    return connected(task.cores, task.scratch)


def run(task: Task, connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    values = {
        "files": str(files(task.purchases)),
        "support": str(task.support),
        "top": str(TOP),
    }
    written = f"COPY ({BEST}) TO '{task.out}/part-0.parquet' (FORMAT parquet);"
    for text in (LINES, CODES, STATISTICS, PAIRS, written):
        connection.execute(filled_in(text, values))
    return {"version": f"duckdb {duckdb.__version__}"}
