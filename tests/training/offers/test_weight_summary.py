"""Sums over weighted copies, on eight of them in two batches."""

import pyarrow as pa
import pytest

from alsobought.training.offers.weight_summary import (
    Group,
    MeanWeights,
    MethodSummary,
    Sums,
    age_edges,
    mean_weights,
    method_summaries,
    state_counts,
    weight_sums,
)

ROWS = [  # method, state, age in days, weight, redeemed
    ("a", "00", 7.0, 0.25, 0),
    ("a", "00", 7.4, 0.75, 0),
    ("a", "00", 7.5, 0.5, 0),
    ("a", "11", 14.9, 2.0, 1),
    ("a", "11", 30.0, 1.0, 1),
    ("a", "10", 29.9, 2.5, 0),
    ("one", "00", 1.0, 1.0, 0),
    ("one", "11", 31.0, 1.0, 1),
]
EDGES = [7.5, 15.0, 30.0]


def batch(rows):
    columns = list(zip(*rows, strict=True))
    names = ["method", "state", "age_days", "weight", "redeemed"]
    types = [pa.string(), pa.string(), pa.float64(), pa.float64(), pa.int32()]
    arrays = [pa.array(values, kind) for values, kind in zip(columns, types, strict=True)]
    return pa.record_batch(arrays, names)


def test_the_age_groups_are_parts_of_the_attribution_days():
    assert age_edges(30) == EDGES


def test_sums_are_by_method_state_and_age_group_and_an_edge_is_in_the_older_group():
    sums = weight_sums([batch(ROWS[:3]), batch(ROWS[3:])], EDGES)
    assert sums == {
        Group("a", "00", 0): Sums(2, 1.0, 0.625, 0, 0.0),
        Group("a", "00", 1): Sums(1, 0.5, 0.25, 0, 0.0),
        Group("a", "11", 1): Sums(1, 2.0, 4.0, 1, 2.0),
        Group("a", "11", 3): Sums(1, 1.0, 1.0, 1, 1.0),
        Group("a", "10", 2): Sums(1, 2.5, 6.25, 0, 0.0),
        Group("one", "00", 0): Sums(1, 1.0, 1.0, 0, 0.0),
        Group("one", "11", 3): Sums(1, 1.0, 1.0, 1, 1.0),
    }


def test_the_sums_do_not_depend_on_the_batches():
    whole = weight_sums([batch(ROWS)], EDGES)
    assert weight_sums([batch([row]) for row in ROWS], EDGES) == whole
    assert weight_sums([], EDGES) == {}


def test_a_summary_has_the_rates_of_final_and_open_labels():
    summary, ones = method_summaries(weight_sums([batch(ROWS)], EDGES))
    assert summary == MethodSummary(
        method="a",
        copies=6,
        final_rate=1.0,
        open_rate=1 / 5,
        weighted_open_rate=2.0 / 6.0,
        effective_sample_size=pytest.approx(7.0**2 / 12.125, rel=1e-15),
    )
    assert ones == MethodSummary("one", 2, 1.0, 0.0, 0.0, 2.0)


def test_a_rate_of_no_copies_is_unknown():
    (summary,) = method_summaries(weight_sums([batch(ROWS[:1])], EDGES))
    assert (summary.final_rate, summary.open_rate) == (None, 0.0)


def test_mean_weights_leave_out_methods_whose_weights_are_all_one():
    assert mean_weights(weight_sums([batch(ROWS)], EDGES)) == [
        MeanWeights("a", "00", [0.5, 0.5, None, None]),
        MeanWeights("a", "10", [None, None, 2.5, None]),
        MeanWeights("a", "11", [None, 2.0, None, 1.0]),
    ]


def test_states_are_counted_over_batches():
    batches = [pa.record_batch({"state": pa.array(s)}) for s in (["00", "11", "00"], ["11", "10"])]
    assert state_counts(batches) == {"00": 2, "11": 2, "10": 1}
