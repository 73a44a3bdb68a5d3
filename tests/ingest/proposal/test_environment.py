"""What is proposed for files of several kinds; tests/test_your_data.py has a whole environment."""

import tomllib
from datetime import date, datetime, time
from decimal import Decimal

import pyarrow as pa
import pytest
from pyarrow import parquet

from alsobought.errors import JobError
from alsobought.ingest.proposal import heads
from alsobought.ingest.proposal.environment import Place, proposed

LINES = """\
order,customer,sku,when,qty
1,ann,tea 1,1/2/2026 08:30,1
1,ann,jam 1,1/2/2026 08:30,2
2,ben,tea 1,2/2/2026 18:05,1
"""


@pytest.fixture
def proposal(tmp_path):
    """proposal(name=text, ...) is what is proposed for these CSV files."""

    def made(**texts):
        paths = [tmp_path / f"{name}.csv" for name in texts]
        for path, text in zip(paths, texts.values(), strict=True):
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return proposed(heads.read(paths), Place("shop", tmp_path, 8))

    return made


def values_of(proposal):
    return tomllib.loads(proposal.text)


def why(proposal, table, key):
    (found,) = [t for t in proposal.tables if t.name == table]
    return next(setting.why for setting in found.settings if setting.key == key)


def test_the_purchases_stand_in_for_a_catalogue(proposal):
    made = proposal(orders=LINES)
    values = values_of(made)
    assert values["warehouse"] == "warehouse/shop"
    assert values["spark"]["spark.driver.memory"] == "4g"
    assert values["sources"]["purchases"] == {
        "path": "orders.csv",
        "format": "csv",
        "timestamp_format": "d/M/yyyy HH:mm",
        "time_zone": "UTC",
        "columns": {
            "customer_id": "customer",
            "order_id": "order",
            "item_id": "sku",
            "purchased_at": "when",
            "quantity": "qty",
        },
    }
    assert values["sources"]["items"] == {
        "path": "orders.csv",
        "format": "csv",
        "max_rejected_share": 1.0,
        "columns": {"item_id": "sku"},
    }
    assert values["baskets"]["units"] == ["order", "customer"]
    assert made.questions == [
        "sources.purchases.timestamp_format: is it d/M/yyyy HH:mm or M/d/yyyy HH:mm? No day is "
        "above 12.",
        "sources.purchases.time_zone: in which zone are the times?",
        "sources.items: is there a catalogue? The purchases stand in for it.",
    ]
    assert (made.as_of, made.example) == (date(2026, 2, 3), "tea 1")


def test_what_a_column_is_taken_for_and_why(proposal):
    lines = "1,17850.0,7,2026-01-05\n1,17850.0, 7,2026-01-05\n2,,8,2026-01-06\n3,9.0,8,2026-01-07\n"
    made = proposal(orders="order,customer,sku,date\n" + lines)
    columns = "sources.purchases.columns"
    assert why(made, columns, "customer_id") == (
        "2 distinct of 4 rows; 17850.0 is read as 17850; 25% of the rows have none: guests, who "
        "count by order only"
    )
    assert why(made, columns, "item_id") == (
        "3 distinct of 4 rows; blanks around 1 ids are left out"
    )
    assert why(made, columns, "purchased_at") == "from 2026-01-05 to 2026-01-07"


def test_columns_that_have_types(tmp_path):
    rows = {
        "customer_id": [17850.0, None, 13047.0],
        "order_id": [1, 2, 3],
        "sku": pa.array(["a", "b", "a"], pa.large_string()),
        "sold_at": [datetime(2026, 1, 5, 12)] * 3,  # noqa: DTZ001 - without a zone
        "price": [Decimal("1.50"), Decimal("2.00"), None],
        "open": [time(10)] * 3,
        "tags": [["x"], [], None],
        "empty": pa.nulls(3),
    }
    parquet.write_table(pa.table(rows), tmp_path / "a.parquet")
    made = proposed(heads.read([tmp_path / "a.parquet"]), Place("shop", tmp_path, 8))
    assert values_of(made)["sources"]["purchases"] == {
        "path": "a.parquet",
        "format": "parquet",
        "time_zone": "UTC",
        "columns": {
            "customer_id": "customer_id",
            "order_id": "order_id",
            "item_id": "sku",
            "purchased_at": "sold_at",
            "price": "price",
        },
    }


def test_decimal_commas(proposal):
    lines = "order;sku;date;price\n1;a;2026-01-05;1.250,00\n2;b;2026-01-05;2,50\n"
    made = proposal(orders=lines)
    assert values_of(made)["sources"]["purchases"]["decimal"] == ","
    assert why(made, "sources.purchases", "decimal") == "as in 1.250,00"
    assert values_of(made)["sources"]["purchases"]["thousands"] == "."


def test_no_decimal_commas_of_json(tmp_path):
    path = tmp_path / "a.json"
    line = '{"order": "1", "sku": "a", "date": "2026-01-05", "price": "2,50"}\n'
    path.write_text(line + line.replace("1", "2"))
    made = proposed(heads.read([path]), Place("shop", tmp_path, 8))
    assert not {"decimal", "thousands"} & values_of(made)["sources"]["purchases"].keys()


def test_json_has_no_decimal_commas(tmp_path):
    line = '{"order": "1", "sku": "%s", "date": "2026-01-0%d", "price": "2,50"}\n'
    (tmp_path / "a.json").write_text(line % ("tea", 5) + line % ("jam", 6), encoding="utf-8")
    made = proposed(heads.read([tmp_path / "a.json"]), Place("shop", tmp_path, 8))
    assert "decimal" not in values_of(made)["sources"]["purchases"]


def test_charges_are_excluded(proposal):
    lines = "".join(f"{n},{n},2026-01-05\n" for n in range(10, 30)) + "30,POST,2026-01-05\n" * 2
    made = proposal(orders="order,sku,date\n" + lines)
    assert values_of(made)["items"] == {"exclude": {"ids": ["POST"]}}
    (table,) = [table for table in made.tables if table.name == "items.exclude"]
    assert table.why == "Likely no products: POST (2 rows). Take out what is sold."
    assert made.example != "POST"


def test_of_several_markets_the_largest_is_looked_at(proposal):
    lines = "1,a,2026-01-05,DE\n2,b,2026-01-05,FR\n3,a,2026-01-06,FR\n"
    made = proposal(orders="order,sku,date,country\n" + lines)
    assert values_of(made)["markets"] == {"default": "FR"}


def test_a_column_that_only_the_shop_knows(proposal):
    made = proposal(orders="ref,sku,date,order\n1,tea,2026-01-05,\n2,jam,2026-01-06,\n")
    assert values_of(made)["sources"]["purchases"]["columns"]["order_id"] == "?"
    assert made.questions[0] == "sources.purchases.columns.order_id: which column is it?"


def test_cancelled_rows_are_asked_about(proposal):
    lines = "1,tea,2026-01-05,1,complete\n2,jam,2026-01-06,1,cancelled\n"
    made = proposal(orders="order,sku,date,qty,status\n" + lines)
    assert "returns" not in values_of(made)["sources"]["purchases"]
    assert made.questions[0] == (
        "sources.purchases.returns: is a row with status = cancelled the return of an earlier row, "
        "or a purchase that never was? Only a return belongs into type_values; leave the other "
        "rows out."
    )


def test_files_of_two_encodings_are_asked_about(proposal):
    lines = "order,sku,date\n1,tea,2026-01-05\n2,Käse,2026-01-06\n"
    made = proposal(a=lines.replace("ä", "a"), b=lines, c=lines.encode("cp1252"), d=lines)
    assert why(made, "sources.purchases", "encoding") == "other files are windows-1252"
    assert made.questions[0] == (
        "sources.purchases.encoding: in which one can all files come? Now there are UTF-8 b.csv, "
        "d.csv; windows-1252 c.csv."
    )
    one = proposal(a=lines.replace("ä", "a"), b=lines, c=lines, d=lines)
    assert not any("encoding" in question for question in one.questions)


def test_files_with_more_columns_in_another_encoding(proposal):
    lines = "order,sku,date\n1,tea,2026-01-05\n2,Käse,2026-01-06\n3,tea,2026-01-07\n"
    more = "order,sku,date,note\n1,Käse,2026-01-05,x\n".encode("cp1252")
    made = proposal(a=more, b=lines)
    assert made.questions[0] == (
        "sources.purchases.encoding: in which one can all files come? Now there are windows-1252 "
        "a.csv; UTF-8 b.csv."
    )


def test_a_day_far_ahead_is_asked_about(proposal):
    lines = "".join(f"{n},tea,2026-01-{n:02}\n" for n in range(1, 30))
    made = proposal(orders=f"order,sku,date\n{lines}30,jam,2099-01-01\n")
    assert made.as_of == date(2026, 1, 30)
    assert made.questions[0] == (
        "--as-of: is 2099-01-01 a day of purchases? All but a few rows are until 2026-01-29."
    )


def test_what_is_the_same_for_every_shop_has_its_reason(proposal):
    made = proposal(orders=LINES)
    whys = {
        setting.key: setting.why
        for table in made.tables
        if table.name.startswith(("baskets", "lists", "jobs"))
        for setting in table.settings
    }
    assert whys == {
        "units": "bought together; bought by the same customer",
        "look_back_days": "before --as-of: a year has every season once",
        "count_repeats": "true: where people rarely buy the same again",
        "order": "more than people buy at once",
        "customer": "more than a household buys in a year",
        "metrics": "how far above chance; others are in docs/related-items.md",
        "min_support": "pairs in fewer units are noise",
        "candidates": "more than top_k, so that delisted items leave no gap",
        "task_memory_mb": "what the arrays of one counting task may take",
        "top_k": "places per list",
    }


def test_a_file_that_is_neither(proposal):
    made = proposal(orders=LINES, stores="store,town\n1,Bath\n2,York\n")
    assert made.questions[-1] == "stores.csv is not used: what is it?"


def test_files_of_one_folder_are_a_glob(proposal):
    made = proposal(a=LINES, b=LINES)
    assert values_of(made)["sources"]["purchases"]["path"] == "*.csv"
    made = proposal(a=LINES, b=LINES, items="sku,name\ntea 1,Tea\njam 1,Jam\n")
    assert values_of(made)["sources"]["purchases"]["path"] == "{a.csv,b.csv}"
    assert values_of(made)["sources"]["items"]["columns"] == {"item_id": "sku", "title": "name"}
    assert why(made, "sources.items.columns", "item_id") == (
        "2 distinct of 2 rows; 2 of the 2 items bought"
    )


def test_files_that_have_more_columns_are_read_too(proposal):
    more = LINES.replace("qty", "qty,note").replace("30,", "30,1,").replace("05,", "05,1,")
    made = proposal(a=LINES + "3,cid,cup 1,2/2/2026 18:05,1\n", b=more)
    assert values_of(made)["sources"]["purchases"]["path"] == "*.csv"
    path = why(made, "sources.purchases", "path")
    assert path == "2 files, comments tell of the first 4 rows"
    assert not [question for question in made.questions if "not used" in question]


def test_no_file_says_when(proposal):
    with pytest.raises(JobError) as refused:
        proposal(orders="order,sku\n1,tea\n")
    assert str(refused.value) == (
        "No file says when something was bought (orders.csv: order, sku): give files with one "
        "line an item bought, its order or customer, and its time."
    )
