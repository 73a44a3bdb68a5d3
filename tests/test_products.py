"""What is a product: all that no id, pattern or attribute excludes."""

import pyarrow as pa
import pytest

from alsobought.errors import JobError
from alsobought.products import Exclusions, are_named, named_ids, only_products
from tests.rows import rows

COLUMNS = """item_id string, title string, brand string, category array<string>,
    attributes map<string, string>"""
ITEMS = [
    ("tea", "Tea", None, ["food"], {}),
    ("jam", None, "Hill", [], {"maker": "us"}),
    ("old", "Old tea", None, ["food"], {}),
    ("POST", "Postage", None, ["services"], {}),
    ("gift1", "Gift", None, [], {}),
    ("gift22", "Gift", None, [], {}),
]


@pytest.mark.parametrize(
    ("exclude", "products"),
    [
        ({}, ["POST", "gift1", "gift22", "jam", "old", "tea"]),
        ({"ids": ["POST", "old", "gone"]}, ["gift1", "gift22", "jam", "tea"]),
        ({"patterns": ["gift.", r"\pL+"]}, ["gift22"]),
        (
            {"attributes": {"category": ["services"], "maker": ["us"]}},
            ["gift1", "gift22", "old", "tea"],
        ),
        (
            {"ids": ["tea"], "attributes": {"title": ["Gift"]}, "patterns": ["P.*|o"]},
            ["jam", "old"],
        ),
    ],
)
def test_what_is_not_excluded(frame, exclude, products):
    excluded, catalogue = Exclusions.model_validate(exclude), frame(COLUMNS, *ITEMS)
    lines = frame("item_id string, n int", *((item[0], 1) for item in ITEMS))
    assert [item for item, _ in rows(only_products(lines, excluded, catalogue))] == products
    ids = pa.array([item[0] for item in ITEMS])
    named = are_named(ids, named_ids(excluded, catalogue), excluded.patterns)
    assert sorted(ids.filter(pa.array(~named)).to_pylist()) == products


def test_attributes_need_a_catalogue(frame):
    excluded = Exclusions(attributes={"brand": ["x"]})
    for step in (lambda: only_products(frame("item_id string"), excluded, None),
                 lambda: named_ids(excluded, None)):  # fmt: skip
        with pytest.raises(JobError) as refused:
            step()
        assert str(refused.value) == (
            "[items.exclude] names attributes, and there is no catalogue that has them."
        )
