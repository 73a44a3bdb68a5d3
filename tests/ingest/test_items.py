"""The catalogue: what becomes of each column, and the rows that it refuses."""

from datetime import datetime

from tests.rows import rows

COLUMNS = {
    "item_id": "id",
    "title": ["name", "size"],
    "brand": "brand",
    "category": ["department", "aisle"],
    "is_available": "sold",
    "first_seen_at": "since",
    "attributes": ["colour", "size"],
}
HEAD = "id,name,size,brand,department,aisle,sold,since,colour\n"


def test_a_full_row_and_a_nearly_empty_one(items):
    judged = items(
        {
            "a.csv": HEAD
            + "1.0,Green tea,50 g,Leaf,Drinks,Tea,false,2017-03-12 02:30:00,green\n"
            + "2,,,,,Jam,,,\n"
        },
        columns=COLUMNS,
        time_zone="America/New_York",
    )
    since = datetime(2017, 3, 12, 7, 30)  # noqa: DTZ001 - tests run in UTC
    attributes = {"colour": "green", "size": "50 g"}
    assert rows(judged) == [
        ("1", "Green tea 50 g", "Leaf", ["Drinks", "Tea"], False, since, attributes, []),
        ("2", None, None, ["Jam"], True, None, {}, []),
    ]


def test_only_the_id_is_needed(items):
    judged = items({"a.csv": "id\ntea\n"}, columns={"item_id": "id"})
    assert rows(judged) == [("tea", None, None, [], True, None, {}, [])]


def test_rows_without_a_usable_id_or_with_one_that_was_there_are_refused(items):
    judged = items(
        {
            "a.csv": b"id,name\n,nameless\n ,nameless\n1,tea\n1,tea\n1.0,jam\n2,milk\n2\n"
            + "ni\u00f1o,doll\n".encode("latin-1")
        },
        columns={"item_id": "id", "title": "name"},
    )
    refused = judged.where("size(reasons) > 0").select("item_id", "reasons")
    assert rows(refused) == [
        ("1", ["duplicate"]),
        ("1", ["duplicate"]),
        ("2", ["unreadable_row"]),
        ("ni\ufffdo", ["unreadable_item_id"]),
        (None, ["missing_item_id"]),
        (None, ["missing_item_id"]),
    ]
    assert rows(judged.where("size(reasons) = 0").select("item_id", "title")) == [
        ("1", "jam"),
        ("2", "milk"),
    ]


def test_of_rows_with_one_id_one_with_a_title_stays(items):
    judged = items(
        {"a.csv": "id,name\n1,\n1,tea\n1,\n"}, columns={"item_id": "id", "title": "name"}
    )
    assert rows(judged.where("size(reasons) = 0").select("item_id", "title")) == [("1", "tea")]


def test_bytes_that_the_encoding_cannot_read_are_seen_in_every_text_column(items):
    broken = {"name": "title", "brand": "brand", "aisle": "category", "colour": "attributes"}
    head = HEAD.strip().split(",")
    lines = [
        [column, *("ni\u00f1o" if column == name else "" for name in head[1:])]
        for column in ("id", *broken)
    ]
    text = "".join(",".join(line) + "\n" for line in [head, *lines])
    judged = items({"a.csv": text.encode("latin-1")}, columns=COLUMNS)
    assert rows(judged.select("item_id", "reasons")) == sorted(
        [("id", []), *((column, [f"unreadable_{name}"]) for column, name in broken.items())]
    )


def test_availability_is_read_from_words_and_numbers_and_true_where_unreadable(items):
    judged = items(
        {"a.csv": "id,sold\n1,false\n2,No\n3,0.0\n4,1\n5,perhaps\n6,\n"},
        columns={"item_id": "id", "is_available": "sold"},
    )
    assert rows(judged.select("item_id", "is_available")) == [
        ("1", False),
        ("2", False),
        ("3", False),
        ("4", True),
        ("5", True),
        ("6", True),
    ]


def test_an_attribute_that_is_named_twice_is_there_once(items):
    judged = items(
        {"a.csv": "id,size\n1,50 g\n"},
        columns={"item_id": "id", "attributes": ["size", "size"]},
    )
    assert rows(judged.select("attributes")) == [({"size": "50 g"},)]
