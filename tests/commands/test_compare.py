"""`alsobought compare`: two models side by side, what follows in words, and the plot."""

import json
from datetime import date

import pytest

from alsobought.tables.evaluate import EVALUATIONS
from tests.command import printed, separately
from tests.commands.serving_tables import write

DAY, NEW, OLD = date(2024, 2, 1), date(2024, 1, 15), date(2024, 1, 1)


def value(model, at, low=None, high=None, **more):
    """A row of evaluations: hit@6 of new items, of everyone, at the newest cut-off."""
    blank = {
        "cut_off": NEW, "model": model, "compared_with": None, "items": "new",
        "segment_by": "everyone", "segment": "all", "metric": "hit", "k": 6, "customers": 1578,
    }  # fmt: skip
    return blank | {"value": at, "low": low, "high": high} | more


def both(**more):
    return [value("sum", 0.15, 0.13, 0.17, **more), value("als", 0.12, 0.1, 0.14, **more)]


def difference(low, high, **more):
    return value("sum", (low + high) / 2, low, high, compared_with="als", **more)


@pytest.fixture
def evaluated(catalogue):
    """evaluated(row, ...) writes the evaluations of the day."""
    return lambda *rows: write(catalogue, EVALUATIONS, rows, DAY)


VALUES = "1,578 0.1500 (0.1300 to 0.1700) 0.1200 (0.1000 to 0.1400)"


def test_two_models_side_by_side_with_segments_and_a_conclusion(evaluated):
    segment = {"segment_by": "history", "segment": "2-4", "customers": 9}
    evaluated(
        *both(), difference(0.01, 0.05),
        *both(metric="coverage"), *both(k=10), *both(**segment), *both(items="all"),
    )  # fmt: skip
    headings = "customers sum als difference"
    assert printed("compare", "sum", "als") == (
        0,
        [
            "sum and als, evaluations as of 2024-02-01; 95 % intervals",
            "New items, those that the customer had not bought before: hit@6 by cut-off",
            f"cut-off {headings}",
            f"2024-01-15 {VALUES} 0.0300 (0.0100 to 0.0500)",
            "All metrics at 6 places, cut-off 2024-01-15",
            f"metric {headings}",
            f"hit {VALUES} 0.0300 (0.0100 to 0.0500)",
            f"coverage {VALUES}",
            "hit@6 by customers, cut-off 2024-01-15",
            f"by segment {headings}",
            f"history 2-4 {VALUES.replace('1,578', '9')}",
            "What can be concluded: sum is better than als, as the interval of the difference, "
            "0.0100 to 0.0500, leaves out 0.",
            "All items: hit@6 by cut-off",
            f"cut-off {headings}",
            f"2024-01-15 {VALUES}",
            "All metrics at 6 places, cut-off 2024-01-15",
            f"metric {headings}",
            f"hit {VALUES}",
            "What can be concluded: little, for no paired difference of the two was computed. Name "
            "als in compared_with of [jobs.evaluations], and run the job evaluations again.",
        ],
    )


def concluded(*words):
    return printed("compare", *words)[1][-1].removeprefix("What can be concluded: ")


def test_from_the_other_side_the_difference_is_turned(evaluated):
    evaluated(*both(), difference(0.01, 0.05))
    code, out = printed("compare", "als", "sum")
    assert (code, out[3].split()[-4:]) == (0, ["-0.0300", "(-0.0500", "to", "-0.0100)"])
    assert concluded("als", "sum") == (
        "sum is better than als, as the interval of the difference, -0.0500 to -0.0100, leaves out "
        "0."
    )


def test_a_difference_of_0_has_no_sign(evaluated):
    evaluated(*both(), difference(0.0, 0.0))
    assert printed("compare", "als", "sum")[1][3].endswith(" 0.0000 (0.0000 to 0.0000)")


def test_an_interval_that_holds_0_tells_nothing(evaluated):
    evaluated(*both(), difference(-0.01, 0.05))
    assert concluded("sum", "als") == (
        "nothing, as the interval of the difference, -0.0100 to 0.0500, holds 0: neither can be "
        "told to be better."
    )
    evaluated(*both(), difference(0.0, 0.05))
    assert concluded("sum", "als").startswith("nothing")


def test_too_few_customers_for_an_interval(evaluated):
    evaluated(value("sum", 1.0), value("als", 0.0), value("sum", 1.0, compared_with="als"))
    code, out = printed("compare", "sum", "als")
    assert (code, out[3]) == (0, "2024-01-15 1,578 1.0000 0.0000 1.0000")
    assert out[-1] == (
        "What can be concluded: little, for customers are too few for an interval of the "
        "difference."
    )


def test_what_several_cut_offs_say_and_all_of_them_together(evaluated):
    old, pooled = {"cut_off": OLD}, {"segment_by": "cut_offs", "customers": 3000}
    rows = [*both(), *both(**old), difference(0.01, 0.05), difference(-0.02, 0.05, **old)]
    evaluated(*rows)
    said = (
        "of 2 cut-offs sum is better at 1 and als at 0, where the interval of the difference "
        "leaves out 0; at 1 it holds 0."
    )
    assert concluded("sum", "als") == said
    evaluated(*rows, *both(**pooled), difference(0.005, 0.04, **pooled))
    assert concluded("sum", "als") == (
        "sum is better than als, as the interval of the difference, 0.0050 to 0.0400, leaves out "
        f"0. This is of all cut-offs together: {said}"
    )
    out = printed("compare", "sum", "als")[1]
    assert [line.split()[0] for line in out[3:6]] == ["2024-01-15", "2024-01-01", "all"]
    assert out[5].startswith("all together 3,000 0.1500 (0.1300 to 0.1700)")
    assert not any(line.startswith("by segment") for line in out)
    evaluated(*both(), *both(**old), difference(0.01, 0.05))
    assert concluded("sum", "als").startswith("little, for no paired difference")


def test_for_programs_every_metric_and_segment_is_a_row(evaluated):
    evaluated(*both(), difference(0.01, 0.05), *both(k=10, metric="novelty"))
    code, out, err = separately("compare", "sum", "als", "--json")
    first, second = json.loads(out)
    assert (code, err) == (0, "")
    assert first == {
        "as_of": "2024-02-01", "cut_off": "2024-01-15", "items": "new", "segment_by": "everyone",
        "segment": "all", "metric": "hit", "k": 6, "customers": 1578, "model": "sum",
        "value": 0.15, "low": 0.13, "high": 0.17, "other": "als", "other_value": 0.12,
        "other_low": 0.1, "other_high": 0.14, "difference": pytest.approx(0.03),
        "difference_low": 0.01, "difference_high": 0.05, "leaves_out_0": True,
    }  # fmt: skip
    assert (second["metric"], second["difference"], second["leaves_out_0"]) == (
        "novelty", None, None
    )  # fmt: skip
    assert separately("compare", "sum", "als", "--csv")[1].splitlines()[0] == ",".join(first)


def test_where_6_places_were_not_judged_the_fewest_are_printed(evaluated):
    evaluated(*both(k=20), *both(k=10))
    assert "hit@10 by cut-off" in printed("compare", "sum", "als")[1][1]


def test_models_and_days_that_are_not_there(evaluated):
    evaluated(*both())
    assert printed("compare", "sum", "bestseller") == (
        3, ["error: evaluations of 2024-02-01 has no model 'bestseller'; it has als, sum."]
    )  # fmt: skip
    assert printed("compare", "sum", "sum") == (1, ["error: Both are sum: name two models."])
    assert printed("compare", "sum", "als", "--as-of", "2024-02-02") == (
        3, ["error: evaluations has no as-of day '2024-02-02'; it has 2024-02-01."]
    )  # fmt: skip


def test_models_without_a_common_cut_off(evaluated):
    evaluated(value("sum", 0.1), value("als", 0.1, cut_off=OLD))
    assert printed("compare", "sum", "als") == (
        3, ["error: sum and als have lists of no common cut-off."]
    )  # fmt: skip


def test_no_evaluations(catalogue):
    assert printed("compare", "sum", "als") == (
        1, ["error: evaluations is not built yet: run the job evaluations first."]
    )  # fmt: skip
    assert not (catalogue / "evaluations").exists()


def test_the_plot_has_every_model_of_the_newest_cut_off(evaluated, tmp_path):
    evaluated(
        *both(), *both(items="all"), *both(k=10), value("item <x>", 0.2), *both(cut_off=OLD),
        value("gone", 0.2, cut_off=OLD),
    )  # fmt: skip
    svg, png = tmp_path / "hits.svg", tmp_path / "hits.PNG"
    code, out = printed("compare", "sum", "als", "--plot", str(svg))
    assert (code, out[-1]) == (0, f"Plot: {svg}")
    text = svg.read_text(encoding="utf-8")
    wanted = ("Lists of 2024-01-15, by model", "new items", "all items", "item &lt;x&gt;", ">sum<")
    assert [word for word in wanted if word not in text] == []
    assert "gone" not in text
    assert text.index(">als<") < text.index(">sum<") < text.index("item &lt;x&gt;")  # from below
    printed("compare", "sum", "als", "--plot", str(svg))
    assert svg.read_text(encoding="utf-8") == text
    pooled = both(segment_by="cut_offs")
    evaluated(*both(), *both(cut_off=OLD), *pooled)
    printed("compare", "sum", "als", "--plot", str(svg))
    assert "Lists up to 2024-01-15, by model" in svg.read_text(encoding="utf-8")
    assert separately("compare", "sum", "als", "--json", "--plot", str(png))[2] == f"Plot: {png}\n"
    assert png.read_bytes().startswith(b"\x89PNG")
    assert printed("compare", "sum", "als", "--plot", "hits.pdf") == (
        1, ["error: --plot hits.pdf: call the file .svg or .png."]
    )  # fmt: skip
    assert printed("compare", "sum", "als", "--plot", f"{tmp_path}/no/hits.svg")[1][-1] == (
        f"error: {tmp_path}/no/hits.svg cannot be written: No such file or directory."
    )
