"""All jobs through real files: a dozen baskets in, ranked lists out, every job twice."""

import math

from deltalake import DeltaTable

from alsobought.related.candidate_files import have_whole_groups
from tests.jobs import shop
from tests.rows import rows

CHAIN = ("purchases", "items", "item_statistics", "co_purchases")
KEYS = {
    "purchases": "market, order_id, item_id, line",
    "item_statistics": "as_of, unit, market, item_id",
    "co_purchases": "as_of, unit, market, relation, item_id, related_item_id",
    "related_items": "as_of, unit, market, relation, metric, item_id, rank",
}


def list_of(served, unit, market, metric, item):
    """One list of the shop, best first: rank, related item, score, N, E, n_x, n_y, n."""
    return [row[4:] for row in served if row[:4] == (unit, market, metric, item)]


def test_from_files_to_lists(project):
    shop.fill(project)
    for job in (*CHAIN, "related_items"):
        project.run_job(job)
        once = rows(project.read(job))
        project.run_job(job)
        assert rows(project.read(job)) == once, job

    served = shop.served(project)
    assert served == shop.lists("old")

    # By hand: the uk has 8 orders of 18 lines; 5 orders have tea, 3 jam, 3 milk, and 2 of these
    # are with tea. Of the 5 with tea, 4 have one line of another item and one has two.
    expected = 4 * (3 / 18) + (1 - (15 / 18) ** 2)
    residual = (2 - expected) / math.sqrt(expected)
    assert list_of(served, "order", "uk", "pearson_residual", "tea") == [
        shop.rounded((rank, item, residual, 2, expected, 5, 3, 8))
        for rank, item in ((1, "jam"), (2, "milk"))  # equal scores: by name
    ]
    assert list_of(served, "order", "uk", "lift", "tea") == [
        shop.rounded((rank, item, 2 * 8 / (5 * 3), 2, expected, 5, 3, 8))
        for rank, item in ((1, "jam"), (2, "milk"))
    ]
    # In de, one of the two customers has rice, and two lines beside it. Of the 8 lines of de,
    # 3 are tea and 1 is milk.
    assert list_of(served, "customer", "de", "lift", "rice") == [
        shop.rounded((1, "milk", 1 * 2 / (1 * 1), 1, 1 - (7 / 8) ** 2, 1, 1, 2)),
        shop.rounded((2, "tea", 1 * 2 / (1 * 2), 1, 1 - (5 / 8) ** 2, 1, 2, 2)),
    ]
    # cup is not in the catalogue and old is not for sale: each has a list, and is in nobody's
    related = {row[5] for row in served}
    assert related == {"tea", "jam", "milk", "rice"}
    assert {row[3] for row in served} == related | {"cup", "old"}

    for table, key in KEYS.items():
        counted = project.read(table).selectExpr(f"count(*) = count(DISTINCT {key})")
        assert rows(counted) == [(True,)], table

    # Workers write whole items, and say so, so that ranking them needs no shuffle.
    candidates = DeltaTable(str(project.home / "tables" / "co_purchases"))
    assert have_whole_groups([uri.removeprefix("file://") for uri in candidates.file_uris()])

    # Jam is sold out: two jobs, and it is in nobody's list, whose ranks close up.
    shop.delist(project, "old", "jam")
    project.run_job("items")
    project.run_job("related_items")
    served = shop.served(project)
    assert served == shop.lists("old", "jam")
    assert "jam" not in {row[5] for row in served}
    assert "jam" in {row[3] for row in served}
    assert list_of(served, "order", "uk", "lift", "tea") == [
        shop.rounded((1, "milk", 2 * 8 / (5 * 3), 2, expected, 5, 3, 8))
    ]
