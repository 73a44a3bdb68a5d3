"""The step of co_purchases: rows that keep the contract, and what its notes say."""

from datetime import UTC, date, datetime

import pytest

from alsobought.copurchase.co_purchases import co_purchases
from alsobought.copurchase.engine.pipeline import pack_purchases
from alsobought.copurchase.settings import Baskets, CoPurchases, Lists
from alsobought.errors import JobError
from alsobought.tables.copurchase import CO_PURCHASES
from alsobought.tables.stored import Stored
from tests.rows import rows

AS_OF = date(2017, 4, 20)
LINES = "market string, customer_id string, order_id string, item_id string, purchased_at timestamp"


@pytest.fixture
def purchases(frame):
    """Two customers with tea and jam, one of them also with oil, the day before."""
    at = datetime(2017, 4, 19, tzinfo=UTC)
    baskets = {"c": ["tea", "jam"], "d": ["tea", "jam", "oil"]}
    lines = [("all", c, f"o-{c}", item, at) for c, items in baskets.items() for item in items]
    return Stored(frame(LINES, *lines))


def settings(cap, task_memory_mb=64):
    baskets = Baskets(
        units=["customer"], look_back_days=9, max_items={"customer": cap}, count_repeats=True
    )
    lists = Lists(metrics=["lift", "confidence"], min_support=2)
    return CoPurchases(baskets=baskets, lists=lists, candidates=5, task_memory_mb=task_memory_mb)


def run(purchases, params, as_of=AS_OF):
    return co_purchases(pack_purchases(purchases, params.baskets, as_of), params)


def test_pairs_with_support_are_rows_of_the_table(purchases):
    pairs = run(purchases, settings(9)).frame
    columns = ["item_id", "related_item_id", "both", "buyers", "related_buyers", "units"]
    assert rows(CO_PURCHASES.conform(pairs).select(*columns)) == [
        ("jam", "tea", 2, 2, 2, 2),
        ("tea", "jam", 2, 2, 2, 2),
    ]


def test_notes_say_what_was_counted_and_what_it_was_planned_to_cost(purchases):
    units, cap, scan, plan = run(purchases, settings(2)).notes
    assert units == (
        "customer: 2 units, 2 pairs; 1 units above max_items = 2 were sampled, "
        "which left out 2 pairs (50.0%)"
    )
    assert cap == (
        "warning: customer: max_items = 2 left out 50.0% of the pairs, so N and E of single pairs "
        "can be far from those of whole customers; [baskets.max_items] customer = 4 would count "
        "all of them, 2 pairs more."
    )
    assert scan.startswith("lines scanned, 3 items numbered in ")
    assert plan.startswith("plan: ")


def both_units(**changed):
    baskets = {
        "units": ["order", "customer"],
        "look_back_days": 9,
        "max_items": {"order": 9, "customer": 9},
        "count_repeats": True,
    }
    return settings(9).model_copy(update={"baskets": Baskets(**baskets | changed)})


def guests_lines(frame):
    """An order of c, one of a guest with the same items, and a line of c without an order."""
    at = datetime(2017, 4, 19, tzinfo=UTC)
    lines = [("all", "c", "o1", "tea", at), ("all", "c", "o1", "jam", at)]
    lines += [("all", None, "o2", "tea", at), ("all", None, "o2", "jam", at)]
    return Stored(frame(LINES, *lines, ("all", "c", None, "oil", at)))


def test_guests_count_by_order_only_and_lines_without_an_order_by_customer_only(frame):
    outcome = run(guests_lines(frame), both_units())
    assert outcome.notes[2:4] == [
        "1 of 5 lines have no order: they count by customer only",
        "2 of 5 lines have no customer: they count by order only",
    ]
    counted = outcome.frame.select("unit", "item_id", "related_item_id", "both", "units")
    assert rows(counted) == [
        ("order", "jam", "tea", 2, 2),
        ("order", "tea", "jam", 2, 2),
    ]
    (note,) = run(guests_lines(frame), both_units(units=["customer"])).notes[1:2]
    assert note == "2 of 5 lines have no customer: they are left out"


def test_a_unit_that_no_line_has_is_refused(frame):
    at = datetime(2017, 4, 19, tzinfo=UTC)
    lines = Stored(frame(LINES, ("all", "c", None, "tea", at), ("all", "c", None, "jam", at)))
    with pytest.raises(JobError) as refused:
        run(lines, both_units())
    assert str(refused.value) == (
        "No purchase in the look-back window names its order: take order out of units in "
        "[baskets], or map order_id in [sources.purchases.columns]."
    )


def test_a_day_without_purchases_is_refused(purchases):
    with pytest.raises(JobError, match="purchases has none in the 9 days before 2017-05-20"):
        run(purchases, settings(9), date(2017, 5, 20))
