"""From files to lists where some items are no products and markets are counted together, too."""

from tests import oracle
from tests.jobs import shop

EXCLUDED = {"rice", "jam"}
CHAIN = ("purchases", "items", "item_statistics", "co_purchases", "related_items")


def lists():
    """What related_items must hold: without rice and jam, with cup, which no catalogue has."""
    lines = [line for line in shop.dated() if line[3] not in EXCLUDED]
    lines = oracle.in_groups(lines, {"eu": ["uk", "de"]})
    listed = []
    for unit in shop.UNITS:
        pairs = oracle.pairs(lines, unit)
        for metric in shop.METRICS:
            best = oracle.related(pairs, metric, 1, shop.TOP_K, lambda item: item != "old")
            listed += [
                shop.rounded((unit, market, metric, x, rank, y, score, *pairs[market, x, y]))
                for (market, x), ranked in best.items()
                for rank, (y, score) in enumerate(ranked, 1)
            ]
    return sorted(listed)


def test_exclusions_groups_and_unknown_items_from_files_to_lists(project):
    shop.fill(project)
    project.conf["items"] = {"exclude": {"ids": ["rice"], "attributes": {"title": ["Plum jam"]}}}
    project.conf["markets"] = {"default": "eu", "groups": {"eu": ["uk", "de"]}}
    project.conf["lists"]["unknown_items"] = "keep"
    said = project.run_jobs(*CHAIN)
    of_counts = [
        "[items.exclude] left out 2 of 6 items, 34.6% of the lines",
        "group eu: 17 lines count there, too",
    ]
    assert [line for line in said if line.startswith(("[items", "group", "1 of"))] == [
        *of_counts,
        *of_counts,
        "1 of 4 items that were bought are not in the catalogue (11.8% by customer and 11.8% by "
        'order of the purchases): lists may show them ([lists] unknown_items = "keep")',
    ]
    assert shop.served(project) == lists()
