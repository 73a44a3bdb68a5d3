"""Maps of named numbers as a dense matrix."""

import numpy as np
import pyarrow as pa
import pytest

from alsobought.learn.encoder import MAP, ROWS_AT_ONCE, Encoder

MAPS = [
    {"price": 2.5, "brand=a": 1.0},
    None,
    {},
    {"brand=b": 1.0},
    {"unheard of": 9.0, "price": -1.0},
]
AB = Encoder(("brand=a", "brand=b", "price"))
EXPECTED = [[1, 0, 2.5], [0, 0, 0], [0, 0, 0], [0, 1, 0], [0, 0, -1]]


def arrow(maps, kind=MAP):
    return pa.array([None if row is None else list(row.items()) for row in maps], type=kind)


@pytest.mark.parametrize(
    "maps",
    [
        MAPS,
        arrow(MAPS),
        arrow(MAPS, pa.map_(pa.large_string(), pa.float64())),
        pa.chunked_array([arrow(MAPS[:2]), arrow([]), arrow(MAPS[2:])]),
    ],
    ids=["dicts", "arrow", "large strings", "chunks"],
)
def test_a_row_a_map_and_a_column_a_known_name(maps):
    matrix = AB.matrix(maps)
    assert matrix.dtype == np.float64
    assert matrix.tolist() == EXPECTED


@pytest.mark.parametrize(("start", "length"), [(0, 5), (1, 3), (3, 2), (4, 1), (2, 0), (5, 0)])
def test_a_sliced_array_is_only_its_own_rows(start, length):
    sliced = arrow(MAPS).slice(start, length)
    assert AB.matrix(sliced).tolist() == EXPECTED[start : start + length]
    names = {name for row in MAPS[start : start + length] for name in row or {}}
    assert Encoder.fit(sliced).names == tuple(sorted(names))


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_is_0(value):
    assert AB.matrix(arrow([{"price": value, "brand=a": 1.0}])).tolist() == [[1, 0, 0]]


def test_what_a_null_map_hides_is_not_its_content():
    hidden = pa.MapArray.from_arrays(
        pa.array([0, 1, 2], pa.int32()),
        pa.array(["price", "price"]),
        pa.array([3.0, 4.0]),
        mask=pa.array([True, False]),
    )
    assert len(hidden.keys) == 2
    assert AB.matrix(hidden)[:, 2].tolist() == [0, 4]


def test_the_names_are_sorted_and_each_there_once():
    assert Encoder.fit(arrow(MAPS)).names == ("brand=a", "brand=b", "price", "unheard of")
    assert Encoder.fit(MAPS) == Encoder.fit(pa.chunked_array([arrow(MAPS)]))


@pytest.mark.parametrize("maps", [[], [None, {}], arrow([]), pa.chunked_array([], type=MAP)])
def test_maps_without_a_name_give_a_matrix_without_a_column(maps):
    encoder = Encoder.fit(maps)
    assert encoder.names == ()
    assert encoder.matrix(maps).shape == (len(maps), 0)


def test_more_rows_than_are_encoded_at_once():
    count = ROWS_AT_ONCE + 3
    keys = pa.array(["price"]).take(pa.array(np.zeros(count, int)))
    maps = pa.MapArray.from_arrays(
        pa.array(np.arange(count + 1), pa.int32()), keys, pa.array(np.arange(count) + 0.5)
    )
    assert np.array_equal(AB.matrix(maps.slice(1))[:, 2], np.arange(1, count) + 0.5)
