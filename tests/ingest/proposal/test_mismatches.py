"""Where a section is not as its files are: the key, what is wrong, what to do."""

import pytest

from alsobought.errors import Fault
from alsobought.ingest.proposal.mismatches import faults_of, heads_of, notes_of
from alsobought.ingest.proposal.spelling import nearest
from alsobought.ingest.settings import PurchaseSource

COLUMNS = {"order_id": "order", "item_id": "sku", "purchased_at": "when"}


@pytest.fixture
def faults(tmp_path):
    """faults(content, **settings) are those of a source with that one file, orders.csv."""

    def found(content, **settings):
        path = tmp_path / "orders.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        given = {"path": "orders.csv", "format": "csv", "columns": COLUMNS} | settings
        source = PurchaseSource.model_validate(given)
        heads, faults = heads_of("purchases", str(path))
        faults += faults_of("purchases", source, heads)
        short = [Fault(f.key, f.wrong.replace(f"{tmp_path}/", ""), f.cure) for f in faults]
        return short, list(notes_of("purchases", source, heads))

    return found


GOOD = "order,sku,when\n1,tea,2026-01-05\n"


def test_nothing_is_wrong(faults):
    assert faults(GOOD) == ([], [])


def test_every_column_that_is_not_there_with_the_nearest_or_all(faults):
    columns = {"order_id": "Order ID", "item_id": "article", "purchased_at": "when"}
    found, _ = faults("order_id,sku,when\n1,tea,2026-01-05\n", columns=columns)
    assert found == [
        Fault(
            "sources.purchases.columns.order_id",
            "orders.csv has no column 'Order ID'",
            "Is it 'order_id'?",
        ),
        Fault(
            "sources.purchases.columns.item_id",
            "orders.csv has no column 'article'",
            "It has: order_id, sku, when.",
        ),
    ]


@pytest.mark.parametrize(
    ("content", "settings", "key", "wrong", "cure"),
    [
        (
            GOOD.replace(",", ";"), {}, "delimiter",
            "orders.csv is cut by ';', not ','", 'Write delimiter = ";".',
        ),
        (
            GOOD, {"header": False}, "header",
            "orders.csv begins with a header", "Write header = true.",
        ),
        (
            "1,tea,2026-01-05\n", {}, "header",
            "the first line of orders.csv looks like data, not like a header",
            "Write header = false; columns are _c0, _c1, ….",
        ),
        (
            '{"order": 1}\n', {}, "format",
            "orders.csv looks like json, not csv", 'Write format = "json".',
        ),
        ("", {}, "path", "orders.csv is empty (0 bytes)", "Deliver it again, or remove it."),
        (" \n", {}, "path", "orders.csv is empty", "Deliver it again, or leave it out."),
    ],
)  # fmt: skip
def test_how_the_file_is_written(faults, content, settings, key, wrong, cure):
    assert faults(content, **settings)[0] == [Fault(f"sources.purchases.{key}", wrong, cure)]


def test_an_encoding_that_nobody_declared(faults):
    content = "order,sku,when\n1,Käse,2026-01-05\n".encode("iso-8859-1")
    assert faults(content) == (
        [],
        [
            "sources.purchases.encoding: orders.csv is windows-1252, not UTF-8: letters beyond "
            'ASCII will be broken. Write encoding = "windows-1252".'
        ],
    )
    assert faults(content, encoding="ISO-8859-1") == ([], [])
    assert faults(content, encoding="windows-1252") == ([], [])


def test_signs_of_windows_where_they_would_be_control_characters(faults):
    content = "order,sku,when\n1,“Käse” – 3 €,2026-01-05\n".encode("cp1252")
    assert faults(content, encoding="ISO-8859-1") == (
        [],
        [
            "sources.purchases.encoding: orders.csv has 4 bytes from 0x80 to 0x9f in the rows "
            "looked at: ISO-8859-1 reads control characters, windows-1252 dashes, quotes and €. "
            'Write encoding = "windows-1252".'
        ],
    )
    assert faults(content, encoding="windows-1252") == ([], [])
    # 0x81 is nothing in windows-1252: a control character, whatever is declared
    assert faults(content.replace(b"\x96", b"\x81"), encoding="ISO-8859-1") == ([], [])


def test_another_encoding_than_declared(faults):
    content = "order,sku,when\n1,Käse,2026-01-05\n"
    for declared in ("windows-1252", "ISO-8859-1"):
        assert faults(content, encoding=declared) == (
            [],
            [
                f"sources.purchases.encoding: orders.csv is UTF-8, not {declared}: letters beyond "
                'ASCII will be broken. Write encoding = "UTF-8".'
            ],
        )
    assert faults(GOOD, encoding="windows-1252") == ([], [])


def test_every_file_of_another_encoding(tmp_path):
    for name, encoding in {"a": "ascii", "b": "utf-8", "c": "cp1252", "d": "cp1252"}.items():
        letters = "Kase" if encoding == "ascii" else "Käse"
        text = f"order,sku,when\n1,{letters},2026-01-05\n"
        (tmp_path / f"{name}.csv").write_bytes(text.encode(encoding))
    source = PurchaseSource.model_validate({"path": "*", "format": "csv", "columns": COLUMNS})
    heads, _ = heads_of("purchases", f"{tmp_path}/*")
    assert list(notes_of("purchases", source, heads)) == [
        "sources.purchases.encoding: c.csv, d.csv are windows-1252, not UTF-8: letters beyond "
        "ASCII will be broken. Deliver all in one."
    ]


def test_a_file_that_is_not_there(tmp_path):
    (tmp_path / "orders.csv").touch()
    assert heads_of("items", str(tmp_path / "oders.csv")) == (
        [],
        [Fault("sources.items.path", f"no file matches {tmp_path}/oders.csv", "Is it orders.csv?")],
    )
    assert heads_of("items", str(tmp_path / "there" / "x"))[1][0].cure == (
        "Deliver the files, or correct the path."
    )


def test_the_nearest_name_whatever_its_capitals_and_blanks():
    assert nearest("Customer ID", ["order", "customer_id"]) == "customer_id"
    assert nearest("colour", ["order", "sku"]) is None
