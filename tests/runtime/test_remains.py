"""The proof reads what readers of tables do not see: dictionaries, logs, and other files."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from alsobought.runtime.customers_in_rows import Customers, OfferIds
from alsobought.runtime.remains import remains

ANN = Customers(frozenset({"ann"}), offer_ids=OfferIds(1, 0))


@pytest.fixture
def said(tmp_path):
    """said("a/b.parquet", rows, **how) writes a file; said() is what the proof says of all: the
    places and the namesakes."""

    def look(path=None, content=None, **how):
        if path is None:
            found_all = remains(tmp_path, ANN)
            return [*map(str, found_all.places)], [*map(str, found_all.namesakes)]
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            return file.write_text(content, encoding="utf-8")
        return pq.write_table(content, file, **how)

    return look


def test_an_empty_warehouse_has_nothing(said):
    assert said() == ([], [])


def test_texts_at_any_depth_of_a_table_that_is_not_ours(said):
    said("theirs/1.parquet", pa.table({"customer_id": ["bob", "ann"], "n": [1, 2]}))
    said("theirs/2.parquet", pa.table({"who": [{"ids": ["x", "ann"]}, None]}))
    said(
        "theirs/3.parquet", pa.table({"who": pa.array([[("ann", 1)]], pa.map_("string", "int64"))})
    )
    said("theirs/4.parquet", pa.table({"customer_id": ["anna"], "who": ["ann b"]}))
    namesakes = ["theirs/2.parquet (who)", "theirs/3.parquet (who)"]
    assert said() == (["theirs/1.parquet (customer_id)"], namesakes)


def test_a_number_that_is_a_customer(tmp_path):
    pq.write_table(pa.table({"customer_id": [7, 8]}), tmp_path / "1.parquet")
    (place,) = remains(tmp_path, Customers(frozenset({"7"}))).places
    assert str(place) == "1.parquet (customer_id)"


def test_a_dictionary_that_no_row_points_to(said):
    column = pa.DictionaryArray.from_arrays(pa.array([0, 0], pa.int32()), ["bob", "ann"])
    said("purchases/1.parquet", pa.table({"customer_id": column}), store_schema=True)
    places, _ = said()
    assert places == ["purchases/1.parquet (customer_id)"]


def test_our_tables_by_every_way_that_an_id_stands_in_them(said):
    said("engagements/1.parquet", pa.table({"offer_id": ["26-ann"]}))
    said("engagements/2.parquet", pa.table({"offer_id": ["ann-26"]}))
    said("training_examples/1.parquet", pa.table({"example_id": ["26-ann"]}))
    said("purchase_examples/1.parquet", pa.table({"example_id": ['["all","ann","tea"]']}))
    said("rejected_purchases/1.parquet", pa.table({"row": ["x;ann;y"]}))
    said("items/1.parquet", pa.table({"item_id": ["ann"]}))
    said(".purchases-aside-1/rejected/1.parquet", pa.table({"row": ['{"customer_id":"ann"}']}))
    places, namesakes = said()
    assert places == [
        ".purchases-aside-1/rejected/1.parquet (row)",
        "engagements/1.parquet (offer_id)",
        "engagements/1.parquet (rows)",
        "purchase_examples/1.parquet (example_id)",
        "rejected_purchases/1.parquet (row)",
        "rejected_purchases/1.parquet (rows)",
        "training_examples/1.parquet (example_id)",
    ]
    assert namesakes == ["items/1.parquet (item_id)"]


def test_logs_by_bounds_and_by_predicates(said):
    bounds = {"minValues": {"customer_id": "ann"}, "maxValues": {"customer_id": "bob"}}
    said("purchases/_delta_log/1.json", json.dumps({"add": {"stats": json.dumps(bounds)}}))
    predicate = json.dumps(["(customer_id = 'ann')"])
    commit = {
        "commitInfo": {"operation": "DELETE", "operationParameters": {"predicate": predicate}}
    }
    said("purchases/_delta_log/2.json", json.dumps(commit))
    bounds = {"minValues": {"item_id": "ann"}, "maxValues": {"customer_id": "anna"}}
    said("purchases/_delta_log/3.json", json.dumps({"add": {"stats": json.dumps(bounds)}}))
    assert said() == (
        [
            "purchases/_delta_log/1.json (the least and greatest values of a file)",
            "purchases/_delta_log/2.json (the predicate of a commit)",
        ],
        [],
    )


def test_words_of_other_files_and_records_of_loaded_files(said):
    said("lists.csv", "anna\nann,tea\n")
    said("more.csv", "anna\njoann\n")
    said("purchases/_loaded_files/1.json", '{"paths": ["file:/ann.csv"]}')
    assert said() == (
        ["lists.csv (a file of no table)"],
        ["purchases/_loaded_files/1.json (a file of no table)"],
    )


def test_a_word_at_the_border_of_two_chunks(tmp_path, monkeypatch):
    monkeypatch.setattr("alsobought.runtime.remains.CHUNK", 4)
    for n in range(8):
        (tmp_path / f"{n}.txt").write_text("." * n + "ann.")
        (tmp_path / f"{n}.no").write_text("." * n + "anna.")
        (tmp_path / f"{n}.nor").write_text("." * n + "joann.")
    assert [str(p) for p in remains(tmp_path, ANN).places] == [
        f"{n}.txt (a file of no table)" for n in range(8)
    ]


def test_a_file_that_cannot_be_read_is_no_proof(said):
    said("purchases/half.parquet", "PAR1")
    (place,), _ = said()
    assert place.startswith("purchases/half.parquet (cannot be read: ")
