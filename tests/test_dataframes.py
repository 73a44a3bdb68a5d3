"""The steps on DataFrames of any pipeline: their examples, equal to the jobs', what is refused."""

import doctest
from datetime import UTC, date, datetime, timedelta

import pytest

from alsobought import (
    After,
    Baskets,
    CoPurchases,
    Exclusions,
    Items,
    Lists,
    Markets,
    Redemption,
    co_purchases,
    dataframes,
    redemption_weights,
    related_items,
)
from alsobought.errors import ContractError
from tests.rows import rows

AS_OF = date(2017, 12, 1)
SCHEMA = "order_id bigint, item_id string, purchased_at timestamp"
NOON = datetime(2017, 11, 30, 12, tzinfo=UTC)
SETTINGS = CoPurchases(
    baskets=Baskets(
        units=["order"], look_back_days=365, max_items={"order": 100}, count_repeats=False
    ),
    lists=Lists(metrics=["lift"], min_support=2),
    candidates=50,
    task_memory_mb=256,
)
REDEMPTION = Redemption(
    attribution_days=14, observation_days=3, methods=["none"], model="logistic", replays=1,
    training_rows=1000, min_matured=1, floor=0.01, seed=7,
)  # fmt: skip


@pytest.fixture(scope="module")
def purchases(frame):
    return frame(
        SCHEMA,
        *[(order, item, NOON) for order in (1, 2) for item in ("tea", "jam")],
        (3, "tea", NOON),
        (4, "rice", NOON),
    )


@pytest.mark.parametrize("name", ["co_purchases", "related_items", "redemption_weights"])
def test_the_examples_are_true(name, purchases, frame):
    issued = NOON - timedelta(days=30)
    names = {
        "purchases": purchases,
        "pairs": co_purchases(purchases, SETTINGS, AS_OF),
        "offers": frame(
            "offer_id string, customer_id string, issued_at timestamp",
            ("a", "ann", issued),
            ("b", "bob", issued),
        ),
        "redemptions": frame(
            "offer_id string, redeemed_at timestamp", ("a", issued + timedelta(days=1))
        ),
    }
    (example,) = doctest.DocTestFinder(recurse=False).find(
        getattr(dataframes, name), name, globs=names
    )
    assert example.examples
    assert doctest.DocTestRunner().run(example).failed == 0


def test_lists_hold_what_may_be_shown(purchases, frame):
    pairs = co_purchases(purchases, SETTINGS, AS_OF)
    lists = related_items(pairs, SETTINGS.lists, 10, frame("item_id string", ("tea",)))
    assert rows(lists.select("item_id", "rank", "related_item_id")) == [("jam", 1, "tea")]


@pytest.mark.parametrize("given", [{"kinds": ["variant"]}, {"max_per_brand": 2}])
def test_lists_that_need_a_catalogue_are_refused(given):
    lists = SETTINGS.lists.model_copy(update=given)
    with pytest.raises(ContractError, match="need a catalogue, which the job related_items has"):
        related_items(None, lists, 10)


def test_a_session_in_another_zone_counts_the_same_days(spark, frame):
    """The last hour before the as-of day counts, and the first of that day does not."""
    last, next_day = datetime(2017, 11, 30, 23, tzinfo=UTC), datetime(2017, 12, 1, tzinfo=UTC)
    orders = [(1, last), (2, last), (3, next_day)]
    lines = [(order, item, at) for order, at in orders for item in ("tea", "jam")]
    spark.conf.set("spark.sql.session.timeZone", "America/New_York")
    try:
        pairs = co_purchases(frame(SCHEMA, *lines), SETTINGS, AS_OF)
        assert {row["both"] for row in pairs.collect()} == {2}
    finally:
        spark.conf.set("spark.sql.session.timeZone", "UTC")


def test_columns_that_do_not_fit_are_named_at_once(frame):
    wrong = frame("item_id double, purchased_at string", (1.0, "2017-11-30"))
    with pytest.raises(ContractError) as refused:
        co_purchases(wrong, SETTINGS, AS_OF)
    assert str(refused.value) == (
        "purchases: missing order_id or customer_id; item_id is double, not string; purchased_at "
        "is string, not timestamp."
    )


def test_rows_without_what_they_need_are_counted(frame):
    lines = [(1, "tea", NOON), (1, "", NOON), (None, None, NOON), (2, "jam", None)]
    with pytest.raises(ContractError) as refused:
        co_purchases(frame(SCHEMA, *lines), SETTINGS, AS_OF)
    assert str(refused.value) == (
        "purchases: 2 rows have no item_id; 1 rows have no purchased_at; 1 rows have neither "
        "order_id nor customer_id: leave them out, or correct them."
    )


def test_empty_ids_and_no_market_are_refused(frame):
    """Guests as empty text would be one huge customer."""
    schema = "customer_id string, order_id string, market string"
    lines = frame(
        f"{schema}, item_id string, purchased_at timestamp",
        ("", "1", "at", "tea", NOON),
        (None, "", "at", "tea", NOON),
        ("ann", None, None, "tea", NOON),
        ("ann", "2", "", "tea", NOON),
    )
    with pytest.raises(ContractError) as refused:
        co_purchases(lines, SETTINGS, AS_OF)
    text = (
        "purchases: 2 rows have an empty order_id or customer_id; 2 rows have no market: leave "
        "them out, or correct them."
    )
    assert str(refused.value) == text
    offers = frame("offer_id string, customer_id string, issued_at timestamp", ("a", "ann", NOON))
    redemptions = frame("offer_id string, redeemed_at timestamp", ("a", NOON))
    tables = {"offers": offers, "redemptions": redemptions, "purchases": lines}
    with pytest.raises(ContractError) as refused:
        redemption_weights(tables, REDEMPTION, AS_OF)
    assert str(refused.value) == text


def test_all_settings_of_counting_are_at_top_level():
    after = After(within_days=9)
    exclude = Exclusions(ids=["POST"])
    settings = SETTINGS.model_copy(
        update={
            "baskets": SETTINGS.baskets.model_copy(update={"after": after}),
            "items": Items(exclude=exclude),
            "markets": Markets(groups={"EU": ["at", "de"]}),
        }
    )
    assert settings.exclude == exclude
    assert settings.groups == {"EU": ["at", "de"]}


def test_returns_are_refused(frame):
    line = frame(f"{SCHEMA}, quantity int", (1, "tea", NOON, -1))
    with pytest.raises(ContractError) as refused:
        co_purchases(line, SETTINGS, AS_OF)
    assert str(refused.value) == (
        "purchases: 1 rows have no quantity above 0: leave them out, or correct them."
    )
