"""The page: strict HTML, every value escaped, every section with its facts or with what to run."""

import json
import re
from datetime import date

import html5lib
import pytest

from alsobought.copurchase.scores import NAMES
from alsobought.report import page, score_words
from alsobought.report.page import Empty, Head, Section

HOSTILE = "</script><script>alert(1)</script>\"'&\u2028\x00\u202e"
HEAD = Head("shop", date(2024, 1, 3), "0.1.0", {"environment": HOSTILE})


def test_whatever_is_said_stays_text():
    section = Section("lists", "Lists", None, Empty(HOSTILE, f"alsobought {HOSTILE}"))
    text = page.page(Head(HOSTILE, HEAD.day, "0.1.0", HEAD.manifest), [section])
    html5lib.HTMLParser(strict=True).parse(text)
    assert "alert(1)</script>" not in text
    assert not re.search("[\x00\u2028]", text)
    assert len(re.findall("<script", text)) == 2  # the page's own, and the manifest


def test_the_manifest_is_read_as_it_was_given():
    (manifest,) = re.findall(r'id="manifest">(.*?)</script>', page.page(HEAD, []))
    assert json.loads(manifest) == {"environment": HOSTILE}


def test_the_policy_lets_in_nothing_from_elsewhere():
    text = page.page(HEAD, [])
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', text)
    assert policy.startswith("default-src &#39;none&#39;; script-src &#39;self&#39;;")
    assert "unsafe" not in policy
    assert "http" not in policy
    for name, of in page.assets().items():
        links = re.findall(r"(?:https?:)?//[a-z]+\.[a-z.]+\S*", of)
        assert [link for link in links if "www.w3.org" not in link] == [], name
    assert not re.findall(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(", "".join(
        page.assets().values()
    ))  # fmt: skip


def test_no_style_and_no_handler_stands_in_a_template():
    folder = page.files("alsobought.report") / "templates"
    for path in folder.iterdir():
        if path.name.endswith(".html"):
            text = path.read_text(encoding="utf-8")
            assert not re.findall(r"\sstyle=|\son[a-z]+=|javascript:|\|\s*safe", text), path.name


@pytest.mark.parametrize("metric", NAMES)
def test_every_score_has_its_formula_in_words(metric):
    formula = score_words.FORMULAS[metric]
    assert set(re.findall(r"\{(\w+)\}", formula)) <= {"N", "E", "n", "n_x", "n_y"}
    assert score_words.MEANINGS[metric]


SPOKEN = {
    "pearson_residual": 8.0, "excess": 16.0, "relative_excess": 4.0, "lift": 10.0,
    "confidence": 0.5, "cosine": 0.4472135954999579, "jaccard": 0.2857142857142857,
}  # fmt: skip


@pytest.mark.parametrize("metric", SPOKEN)
def test_a_formula_in_words_gives_the_score(metric):
    import math

    counts = {"N": 20, "E": 4, "n_x": 40, "n_y": 50, "n": 1000}
    text = score_words.FORMULAS[metric].format(**counts)
    for sign, code in (("−", "-"), ("·", "*"), ("√(", "math.sqrt("), ("√4", "math.sqrt(4)")):
        text = text.replace(sign, code)
    assert eval(text, {"math": math}) == pytest.approx(SPOKEN[metric])  # a formula of ours
