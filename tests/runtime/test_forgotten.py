"""Who is forgotten is kept as salted hashes; the salt is asked for, and nobody comes back."""

import pytest
from deltalake import DeltaTable

from alsobought.errors import JobError
from alsobought.runtime import forgotten
from alsobought.runtime.customers_in_rows import OfferIds
from alsobought.runtime.forgotten import CUSTOMER, OFFER, Forgotten, hash_of
from alsobought.runtime.forgotten_lines import Told

RUN = {"job": "forget"}


def test_a_hash_depends_on_salt_kind_and_id():
    salts = bytes(32), bytes(31) + b"1"
    hashes = {
        hash_of(salt, kind, text)
        for salt in salts
        for kind in (CUSTOMER, OFFER)
        for text in ("1", "2", "\ud800")
    }
    assert len(hashes) == 12
    assert {len(hash_) for hash_ in hashes} == {40}


def test_nobody_is_forgotten_without_a_table_and_on_a_uri(tmp_path):
    assert forgotten.forgotten(str(tmp_path)) is None
    assert forgotten.forgotten("s3a://shop/tables") is None


def test_those_that_are_remembered_are_asked_for_by_the_salt_beside_the_tables(tmp_path):
    warehouse = str(tmp_path)
    first = forgotten.remember(warehouse, ["ann"], ["26-ann"], RUN)
    second = forgotten.remember(warehouse, ["ann", "bob"], [], RUN)
    now = forgotten.forgotten(warehouse)
    assert now == second
    assert now.salt == first.salt
    assert now.has(CUSTOMER, "ann")
    assert now.has(CUSTOMER, "bob")
    assert now.has(OFFER, "26-ann")
    assert not now.has(OFFER, "ann")
    assert not now.has(CUSTOMER, "cid")
    table = DeltaTable(f"{warehouse}/forgotten_customers")
    assert table.version() == 2
    assert len(table.to_pyarrow_table()) == 4  # the salt's own hash is one of them
    forgotten.remember(warehouse, ["bob"], [], RUN)
    assert DeltaTable(f"{warehouse}/forgotten_customers").version() == 2


def test_a_salt_that_is_missing_or_another_is_a_sentence(tmp_path):
    warehouse, file = str(tmp_path), tmp_path / forgotten.SALT_FILE
    forgotten.remember(warehouse, ["ann"], [], RUN)
    file.write_text("00" * 32)
    with pytest.raises(JobError, match="is not the salt that forgotten_customers was made with"):
        forgotten.forgotten(warehouse)
    file.write_text("no salt")
    with pytest.raises(JobError, match=r"cannot be read \(it is damaged\): put a copy"):
        forgotten.forgotten(warehouse)
    file.unlink()
    with pytest.raises(JobError, match=r"cannot be read \(No such file or directory\): put a copy"):
        forgotten.remember(warehouse, ["bob"], [], RUN)


SALT = bytes(range(32))
WHO = Forgotten(SALT, frozenset({hash_of(SALT, CUSTOMER, "7-a"), hash_of(SALT, OFFER, "opaque")}))


@pytest.mark.parametrize(
    ("row", "is_theirs"),
    [
        (("7-a", None, None), True),
        (("7", None, None), False),
        ((None, None, None), False),
        ((None, "opaque", None), True),
        ((None, "26-7-a", None), True),
        ((None, "26-7", None), False),
        (("other", None, "26;7-a;tea"), True),
        ((None, None, '26,"7-a"'), True),
        ((None, None, "x;opaque"), True),
        ((None, None, "26;7;tea"), False),
    ],
)
def test_a_source_row_is_theirs_by_its_ids_or_as_a_raw_line_by_its_words(row, is_theirs):
    assert Told(WHO, OfferIds(1, 0)).is_theirs(*row) is is_theirs


def test_without_ids_in_offers_an_offer_is_theirs_only_as_it_is():
    assert not Told(WHO, None).is_theirs(None, "26-7-a", None)
    assert Told(WHO, None).is_theirs(None, "opaque", None)


def test_a_run_that_has_read_rows_of_the_forgotten_may_not_write_them(tmp_path):
    warehouse = str(tmp_path)
    forgotten.remember(warehouse, ["ann"], [], RUN)  # any table will do: its commits count
    name = "forgotten_customers"
    forgotten.require_none_since(warehouse, [name], {"read_versions": {name: 1}})
    forgotten.require_none_since(warehouse, [name], {"read_versions": {"other": 0}})
    forgotten.require_none_since(warehouse, [name], {})
    with pytest.raises(JobError, match="Customers were forgotten while this run was working"):
        forgotten.require_none_since(warehouse, [name], {"read_versions": {name: 0}})
