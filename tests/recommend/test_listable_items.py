"""Lists may show what is available and a product."""

import pytest

from alsobought.copurchase.settings import Exclusions
from alsobought.recommend.listable_items import listable_items
from tests.rows import rows

COLUMNS = """item_id string, title string, brand string, category array<string>,
    attributes map<string, string>, is_available boolean"""
ITEMS = [
    ("tea", "Tea", None, ["food"], {}, True),
    ("jam", None, "Hill", [], {"maker": "us"}, True),
    ("old", "Old tea", None, ["food"], {}, False),
    ("POST", "Postage", None, ["services"], {}, True),
    ("gift1", "Gift", None, [], {}, True),
    ("gift22", "Gift", None, [], {}, True),
]


@pytest.mark.parametrize(
    ("exclude", "listable"),
    [
        ({}, ["POST", "gift1", "gift22", "jam", "tea"]),
        ({"ids": ["POST", "old"]}, ["gift1", "gift22", "jam", "tea"]),
        ({"patterns": ["gift.", r"\pL+"]}, ["gift22"]),
        (
            {"attributes": {"category": ["services"], "maker": ["us"]}},
            ["gift1", "gift22", "tea"],
        ),
        (
            {"ids": ["tea"], "attributes": {"title": ["Gift"]}, "patterns": ["P.*"]},
            ["jam"],
        ),
    ],
)
def test_what_is_available_and_not_excluded(frame, exclude, listable):
    products = listable_items(frame(COLUMNS, *ITEMS), Exclusions.model_validate(exclude))
    assert [item for (item,) in rows(products)] == listable
