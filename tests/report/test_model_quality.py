"""What is said of models: the newest evaluations, pooled where they were, differences, segments."""

from datetime import date

import pytest

from alsobought.report import model_quality
from alsobought.report.model_quality import Estimate, facts

OLD, NEW = date(2024, 1, 1), date(2024, 1, 15)


def row(model, value, cut_off=NEW, **more):
    blank = {
        "as_of": date(2024, 1, 29), "cut_off": cut_off, "model": model, "compared_with": None,
        "items": "new", "segment_by": "everyone", "segment": "all", "k": 6, "customers": 100,
        "value": value, "low": value - 0.01, "high": value + 0.01,
    }  # fmt: skip
    return blank | more


ROWS = [
    row("a", 0.2), row("b", 0.3), row("a", 0.5, k=20), row("a", 0.1, OLD), row("b", 0.4, OLD),
    row("b", 0.1, compared_with="a"), row("a", 0.6, items="all"),
    row("b", 0.7, segment_by="history", segment="5-19"),
    row("b", 0.8, segment_by="history", segment="2-4"),
    row("b", 0.9, segment_by="history", segment="2-4", cut_off=OLD),
]  # fmt: skip


def test_the_newest_cut_off_is_shown_best_model_first():
    result = facts(ROWS)
    assert (result["k"], result["cut_off"], result["is_pooled"]) == (6, "2024-01-15", False)
    new, every = result["kinds"]
    assert [(r["model"], r["value"]) for r in new["models"]] == [("b", 0.3), ("a", 0.2)]
    assert [(r["model"], r["value"]) for r in every["models"]] == [("a", 0.6)]
    assert 'aria-label="hit@6 of new items' in new["plot"]
    assert result["over_time"] is not None


def test_pooled_rows_go_first():
    pooled = [row("a", 0.25, segment_by="cut_offs"), row("b", 0.2, segment_by="cut_offs")]
    result = facts([*ROWS, *pooled])
    assert result["is_pooled"]
    assert [r["value"] for r in result["kinds"][0]["models"]] == [0.25, 0.2]


def test_an_older_day_adds_cut_offs_and_no_values():
    older = row("a", 0.9, date(2023, 12, 18), as_of=date(2024, 1, 1))
    result = facts([*ROWS, older])
    assert "2023-12-18" in result["over_time"]
    assert result["day"] == "2024-01-29"
    assert facts([row("a", 0.2), row("b", 0.3)])["over_time"] is None


def test_without_k_6_the_fewest_places_count():
    assert facts([row("a", 0.2, k=20), row("a", 0.1, k=10)])["k"] == 10


def test_differences_say_what_they_allow_to_say():
    (difference,) = facts(ROWS)["differences"]
    assert (difference["model"], difference["compared_with"], difference["said"]) == (
        "b", "a", "better",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(0.01, 0.2, "better"), (-0.2, -0.01, "worse"), (-0.1, 0.1, "no telling"),
     (0.0, 0.1, "no telling"), (None, None, "no telling")],
)  # fmt: skip
def test_an_interval_that_holds_0_tells_nothing(low, high, said):
    assert Estimate(0.0, low, high).said == said


def test_segments_stand_in_their_order():
    (table,) = facts(ROWS)["segments"]
    assert (table["kind"], table["segments"]) == ("history", ["2-4", "5-19"])
    by_model = {row["model"]: row["values"] for row in table["models"]}
    assert [value["value"] for value in by_model["b"]] == [0.8, 0.7]
    assert by_model["a"] == [None, None]


def test_of_no_rows_nothing_is_said():
    assert facts([]) is None
    assert set(model_quality.COLUMNS) <= row("a", 0.1).keys()
