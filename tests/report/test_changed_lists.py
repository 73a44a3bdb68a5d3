"""What changed between two days' lists, against a slow answer in plain Python."""

import random

import pyarrow as pa
import pytest

from alsobought.report import changed_lists
from alsobought.report.changed_lists import Changes, changes, together

SCHEMA = pa.schema(
    [(name, pa.string()) for name in changed_lists.KIND]
    + [(name, pa.int32()) for name in ("item", "related", "rank")]
)


def table(lists):
    """Lists as {(metric, item): [related, ...]}, best first."""
    rows = [
        {"unit": "order", "market": "all", "relation": "together", "metric": metric,
         "item": item, "related": y, "rank": rank}
        for (metric, item), others in lists.items()
        for rank, y in enumerate(others, 1)
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, SCHEMA)


BEFORE = {("lift", 0): [1, 2, 3], ("lift", 1): [0], ("lift", 2): [5, 6], ("excess", 2): [5]}
NOW = {("lift", 0): [3, 2, 9], ("lift", 1): [0], ("lift", 4): [7], ("excess", 0): [1]}


def test_lists_places_and_items_are_counted():
    of = {row["metric"]: row for row in changes(table(NOW), table(BEFORE)).by_kind}
    names = changed_lists.COUNTS
    assert [of["lift"][n] for n in names] == [3, 1, 1, 1, 1, 1, 1, 1]
    assert [of["excess"][n] or 0 for n in names] == [1, 0, 0, 1, 1, 0, 0, 0]


def test_the_largest_changes_are_named():
    result = changes(table(NOW), table(BEFORE))
    (changed,) = result.most_changed
    assert [changed[n] for n in ("item", "length", "entered", "left_out", "moved")] == [
        0, 3, 1, 1, 1,
    ]  # fmt: skip
    (moved,) = result.biggest_moves
    assert [moved[n] for n in ("item", "related", "rank_before", "rank_now")] == [0, 3, 3, 1]
    assert result.lost == [{"item": 2, "places": 3}]
    assert result.lost_count == 1


def random_lists(seed):
    rng = random.Random(seed)
    return {
        (metric, item): rng.sample([n for n in range(12) if n != item], rng.randint(1, 6))
        for metric in ("lift", "excess") for item in range(30) if rng.random() < 0.8
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(5))
def test_the_counts_are_those_of_plain_python_on_any_number_of_parts(seed):
    now, before = random_lists(seed), random_lists(seed + 100)
    whole = changes(table(now), table(before))
    parts = [
        changes(*(table({k: v for k, v in day.items() if k[1] % 3 == n}) for day in (now, before)))
        for n in range(3)
    ]
    assert together(parts) == together([whole])
    for row in together([whole]).by_kind:
        keys = {k for k in now.keys() | before.keys() if k[0] == row["metric"]}
        both = [k for k in keys if k in now and k in before]
        expected = {
            "lists": sum(k in now for k in keys),
            "unchanged": sum(now[k] == before[k] for k in both),
            "changed": sum(now[k] != before[k] for k in both),
            "appeared": sum(k not in before for k in keys),
            "gone": sum(k not in now for k in keys),
            "entered": sum(len(set(now[k]) - set(before[k])) for k in both),
            "left_out": sum(len(set(before[k]) - set(now[k])) for k in both),
            "moved": sum(
                now[k].index(y) != before[k].index(y) for k in both for y in now[k]
                if y in before[k]
            ),
        }  # fmt: skip
        assert {name: row[name] for name in expected} == expected


def test_of_nothing_nothing_changed():
    assert together([]) == Changes()
