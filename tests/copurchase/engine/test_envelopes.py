"""Rows between stages: what is packed is unpacked, and a row has no other kind's columns."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pytest

from alsobought.compiled.array_types import Floats, Int32s, Int64s
from alsobought.copurchase.engine import envelopes
from alsobought.copurchase.engine.envelopes import Envelope, Kind, rows_by_key, rows_of

ENVELOPES = {
    name: envelope for name, envelope in vars(envelopes).items() if isinstance(envelope, Envelope)
}
KINDS = {name: kind for name, kind in vars(envelopes).items() if isinstance(kind, Kind)}


class Weights(NamedTuple):
    codes: Int32s
    weights: Floats


class Counts(NamedTuple):
    counts: Int64s


WEIGHTS, COUNTS = Kind("weight", Weights), Kind("count", Counts)
LETTERS = Envelope(["part", "shelf"], WEIGHTS, COUNTS)


def weights(*codes):
    return Weights(np.array(codes, np.int32), np.array(codes) / 2)


def test_an_envelope_s_columns_are_its_keys_and_each_kind_s_arrays_by_name():
    ddl = "part int, shelf int, weight_codes binary, weight_weights binary, count_counts binary"
    assert LETTERS.ddl == ddl


def test_a_row_has_the_arrays_of_its_kind_and_nulls_elsewhere():
    batch = LETTERS.row(WEIGHTS, weights(3, 1), part=7)
    row = (batch, 0)
    codes, values = WEIGHTS.read(row)
    assert (codes.tolist(), values.tolist()) == ([3, 1], [1.5, 0.5])
    assert (codes.dtype, values.dtype) == (np.int32, np.float64)
    assert (WEIGHTS.is_in(row), COUNTS.is_in(row)) == (True, False)
    nulls = [name for name in batch.schema.names if batch[name][0].as_py() is None]
    assert nulls == ["shelf", "count_counts"]


def test_empty_arrays_are_there_and_empty():
    row = (LETTERS.row(COUNTS, Counts(np.empty(0, np.int64)), part=1, shelf=2), 0)
    assert COUNTS.is_in(row)
    assert len(COUNTS.read(row).counts) == 0


def test_arrays_of_another_type_are_refused():
    with pytest.raises(TypeError, match="count_counts holds int64, not int32"):
        LETTERS.row(COUNTS, Counts(np.zeros(1, np.int32)), part=1)


def test_several_rows_are_read_as_one_or_added_up():
    batch = LETTERS.rows(WEIGHTS, [weights(1, 2), weights(5, 6)], {"part": [4, 4]})
    assert WEIGHTS.read_joined(list(rows_of([batch]))).codes.tolist() == [1, 2, 5, 6]
    assert WEIGHTS.read_sum(list(rows_of([batch]))).weights.tolist() == [3.0, 4.0]


def test_batches_are_read_as_one_row_after_row():
    batches = [
        LETTERS.rows(WEIGHTS, [weights(1, 2), weights(), weights(5)], {"part": [4, 4, 4]}),
        LETTERS.row(WEIGHTS, weights(9), part=4).slice(1),
        LETTERS.row(WEIGHTS, weights(6, 7), part=4),
    ]
    codes, values = WEIGHTS.read_all(iter(batches))
    assert (codes.tolist(), values.tolist()) == ([1, 2, 5, 6, 7], [0.5, 1.0, 2.5, 3.0, 3.5])
    assert [len(array) for array in WEIGHTS.read_all([])] == [0, 0]


def test_rows_are_found_by_key():
    batch = LETTERS.rows(WEIGHTS, [weights(n) for n in (1, 2, 3)], {"part": [4, 5, 4]})
    codes = {
        part: [WEIGHTS.read(row).codes.tolist() for row in rows]
        for part, rows in rows_by_key([batch, batch.slice(1)], "part").items()
    }
    assert codes == {4: [[1], [3], [3]], 5: [[2], [2]]}


def test_spark_keeps_the_rows_of_a_kind_and_only_its_columns(spark):
    kind, packed = envelopes.MARKETS, envelopes.PACKED
    sizes = envelopes.SIZES.of(np.zeros((5, 3), np.int64))
    markets = kind.of(np.array([[8], [9], [10], [11]]))

    def both_kinds(_):
        yield packed.row(envelopes.SIZES, sizes, part=1)
        yield packed.row(kind, markets, part=2)

    rows = spark.range(0, 1, 1, 1).mapInArrow(both_kinds, packed.ddl)
    of_markets = packed.only(rows, kind)
    assert of_markets.columns == ["part", "item_range", *kind.columns]
    row = next(rows_of(of_markets.toArrow().to_batches()))
    assert (envelopes.key_of(row, "part"), kind.read(row).holdings.tolist()) == (2, [10])
    assert packed.only(rows, envelopes.SIZES, kind).count() == 2


@pytest.mark.parametrize("name", ENVELOPES)
def test_every_kind_of_every_envelope_makes_the_round_trip(name):
    envelope = ENVELOPES[name]
    assert envelope.kinds
    for kind in envelope.kinds:
        arrays = kind.of(np.arange(n, dtype=dtype) for n, dtype in enumerate(kind.dtypes, start=1))
        batch = envelope.row(kind, arrays)
        for got, want in zip(kind.read((batch, 0)), arrays, strict=True):
            assert got.dtype == want.dtype
            assert got.tolist() == want.tolist()
        assert [k for k in envelope.kinds if k.is_in((batch, 0))] == [kind]


def test_no_two_columns_of_an_envelope_share_a_name_and_every_kind_is_in_one():
    for envelope in ENVELOPES.values():
        names = [column.split()[0] for column in envelope.ddl.split(", ")]
        assert len(set(names)) == len(names)
    used = {id(kind) for envelope in ENVELOPES.values() for kind in envelope.kinds}
    assert used == {id(kind) for kind in KINDS.values()}


def test_a_table_of_items_makes_the_round_trip():
    table = pa.table({"hash": [7, -9], "item_id": ["tea", "öl"]})
    assert envelopes.item_table(envelopes.item_texts(table)).equals(table)
