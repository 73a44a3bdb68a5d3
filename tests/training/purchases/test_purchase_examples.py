"""Training sets from purchases: against the oracle, blind to what came later, fair draws."""

import json
import math
import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from pydantic import ValidationError
from pyspark.sql import Row
from pyspark.sql import functions as F

from alsobought.errors import JobError
from alsobought.products import Items
from alsobought.tables.training import PURCHASE_EXAMPLES
from alsobought.training.purchases.purchase_examples import judge, purchase_examples
from alsobought.training.purchases.settings import PurchaseExamples
from tests.training.purchases import oracle

AS_OF = date(2017, 12, 1)
LINES = "market string, customer_id string, item_id string, purchased_at timestamp"
SETTINGS = {
    "cut_off_days": 30,
    "history_days": 100,
    "negatives": "popularity",
    "negatives_per_positive": 3,
    "popularity_exponent": 0.75,
    "half_life_days": 20.0,
    "propensity_exponent": 0.5,
    "propensity_floor": 0.2,
    "seed": 11,
    "train_percent": 60,
    "validation_percent": 20,
}


def settings(**changed):
    return PurchaseExamples(**{**SETTINGS, **changed})


def at(days_before, hour=12):
    return oracle.midnight(AS_OF) - timedelta(days=days_before) + timedelta(hours=hour)


def shop(seed=3, lines=700, customers=25, items=40):
    """Purchases of two markets up to 5 days too late, popular items first, some ids odd."""
    rng = random.Random(seed)
    ids = [f"item {n}" if n % 5 else f'"ö", {n}' for n in range(items)]
    weights = [1 / (n + 1) for n in range(items)]
    return [
        (
            rng.choice(["uk", "uk", "de"]),
            f"customer-number-{rng.randrange(customers):04}-with-a-long-name",
            rng.choices(ids, weights)[0],
            at(rng.randrange(-5, 200), rng.randrange(24)),
        )
        for _ in range(lines)
    ]


def made(frame, lines, asked, partitions=2):
    outcome = purchase_examples(frame(LINES, *lines).repartition(partitions), asked, AS_OF)
    examples = PURCHASE_EXAMPLES.conform(outcome.rows).collect()
    return sorted(
        (row.asDict(recursive=True) for row in examples),
        key=lambda row: (row["example_id"], row["copy"]),
    )


def approx(rows):
    numbers = ("weight", "log_q")
    return [
        {
            **row,
            **{name: pytest.approx(row[name], rel=1e-9) for name in numbers},
            "features": pytest.approx(row["features"], rel=1e-12),
        }
        for row in rows
    ]


@pytest.mark.parametrize("negatives", ["uniform", "popularity", "in_batch"])
def test_agrees_with_the_oracle(frame, negatives):
    asked = settings(
        negatives=negatives, negatives_per_positive=0 if negatives == "in_batch" else 3
    )
    lines = shop()
    expected = oracle.examples(lines, asked, AS_OF)
    assert len(expected) > 80
    assert {row["split"] for row in expected} == {"train", "validation", "test"}
    examples = made(frame, lines, asked)
    assert len(examples) == len(expected)
    assert examples == approx(expected)


def test_the_rows_are_the_same_on_any_number_of_partitions_and_in_any_order(frame, spark):
    lines = shop()
    one = made(frame, lines, settings(), partitions=1)
    spark.conf.set("spark.sql.shuffle.partitions", "7")
    try:
        assert made(frame, lines[::-1], settings(), partitions=7) == one
    finally:
        spark.conf.set("spark.sql.shuffle.partitions", "2")


def test_another_seed_draws_other_items():
    rows = [oracle.examples(shop(), settings(seed=seed), AS_OF) for seed in (11, 12)]
    assert [row["item_id"] for row in rows[0]] != [row["item_id"] for row in rows[1]]


def test_by_hand(frame):
    # ann has bought tea twice and jam before the cut-off; tea again, and jam late, after it
    lines = [
        ("uk", "ann", "tea", at(50)),
        ("uk", "ann", "tea", at(40)),
        ("uk", "ann", "jam", at(40)),
        ("uk", "ben", "tea", at(35)),
        ("uk", "ben", "rice", at(35)),
        ("uk", "ann", "tea", at(20, 0)),
        ("uk", "ann", "tea", at(10, 0)),
        ("uk", "ann", "cup", at(9)),  # nobody had bought a cup: it is left out
        ("uk", "eva", "tea", at(9)),  # eva is new: she is left out
        ("uk", "ben", "tea", at(0, 0)),  # on the as-of day: too late
        ("uk", "ben", "tea", at(131)),  # before the history
    ]
    examples = made(frame, lines, settings(negatives_per_positive=1))
    bought = next(row for row in examples if row["label"] == 1)
    drawn = next(row for row in examples if row["label"] == 0)
    assert len(examples) == 2
    assert bought["example_id"] == drawn["example_id"] == '["uk","ann","tea"]'
    assert (bought["item_id"], bought["copy"], drawn["copy"]) == ("tea", 0, 1)
    assert bought["weight"] == pytest.approx(0.5 ** (10 / 20))  # tea is the most bought: 1
    assert drawn["item_id"] in {"jam", "rice"}
    assert drawn["weight"] == 1.0
    masses = 3**0.75 + 1 + 1
    assert bought["log_q"] == pytest.approx(math.log(3**0.75 / masses), abs=1e-6)
    assert drawn["log_q"] == pytest.approx(math.log(1 / masses), abs=1e-6)
    assert bought["features"] == pytest.approx(
        {
            "log1p_customer_purchases": math.log(4),
            "log1p_customer_items": math.log(3),
            "log1p_item_purchases": math.log(4),
            "log1p_item_buyers": math.log(3),
            "log1p_customer_item_purchases": math.log(3),
            "customer_days_since_last": 9.5,
        }
    )


def test_what_came_later_changes_no_feature_and_what_came_too_late_changes_nothing(frame):
    lines = shop()
    before = oracle.examples(lines, settings(), AS_OF)
    # every customer buys every third item on the window's last day: other labels, same features
    too_late = [*shop_of(lines, at(0, 0)), *shop_of(lines, at(-3))]
    planted = made(frame, [*lines, *shop_of(lines, at(1)), *too_late], settings())
    assert len(planted) > len(before)
    by_key = {key_of(row): row for row in approx(before)}
    both = [(row, by_key[key_of(row)]) for row in planted if key_of(row) in by_key]
    assert len(both) > 50
    for row, was in both:
        assert row["features"] == was["features"]
        assert row["log_q"] == was["log_q"]
        assert row["split"] == was["split"]


def key_of(row):
    return json.loads(row["example_id"])[0], row["customer_id"], row["item_id"]


def shop_of(lines, when):
    """Every customer of a market buys every third item of it at one time."""
    items = sorted({(m, i) for m, _, i, _ in lines})[::3]
    customers = sorted({(m, c) for m, c, _, _ in lines})
    return [(m, c, i, when) for m, c in customers for n, i in items if n == m]


def test_negatives_come_as_often_as_popularity_to_the_exponent_says(frame):
    counts = {"tea": 64, "jam": 16, "milk": 4, "rice": 1, "own": 30}
    old = [("uk", f"c{n}", item, at(60)) for item, times in counts.items() for n in range(times)]
    new = [("uk", f"c{n}", "own", at(5)) for n in range(30)]
    asked = settings(popularity_exponent=0.5, negatives_per_positive=200)
    rows = made(frame, [*old, *new], asked)
    drawn = Counter(row["item_id"] for row in rows if row["label"] == 0)
    assert sum(drawn.values()) == 30 * 200
    assert "own" not in drawn
    share = {item: math.sqrt(n) / (8 + 4 + 2 + 1) for item, n in counts.items() if item != "own"}
    chi_square = sum((drawn[i] - 6_000 * p) ** 2 / (6_000 * p) for i, p in share.items())
    assert chi_square < 16.3  # 99.9 % of fair draws of four items


def test_a_negative_is_never_one_of_the_customers_positives(frame):
    everything = [("uk", "all", i, at(d)) for i in ("tea", "jam") for d in (40, 5)]
    lines = [*everything, ("uk", "ann", "tea", at(40)), ("uk", "ann", "tea", at(5))]
    rows = made(frame, lines, settings(negatives="uniform", negatives_per_positive=50))
    assert Counter((r["customer_id"], r["label"]) for r in rows) == {
        ("all", 1): 2,  # bought all that there is: nothing can be drawn
        ("ann", 1): 1,
        ("ann", 0): 50,
    }
    assert {r["item_id"] for r in rows if (r["customer_id"], r["label"]) == ("ann", 0)} == {"jam"}


def said(frame, lines, asked):
    purchases = frame(LINES, *lines)
    outcome = purchase_examples(purchases, asked, AS_OF)
    return outcome.judge(outcome.account.collect()[0])


def test_what_was_returned_is_in_no_label_and_before_the_cut_off_in_no_feature(frame):
    """As if only those lines were there that were not returned by then."""
    lines, cut = shop(), at(30, 0)
    returned_at = {n: line[3] + timedelta(days=n % 40) for n, line in enumerate(lines) if n % 4}
    returned_at = {n: day for n, day in returned_at.items() if day < oracle.midnight(AS_OF)}
    known = [
        line
        for n, line in enumerate(lines)
        if n not in returned_at or line[3] < cut <= returned_at[n]
    ]
    key = ("market", "cast(null AS string) AS order_id", "item_id", "line")
    numbered = frame(f"{LINES}, line string", *((*line, str(n)) for n, line in enumerate(lines)))
    purchases = numbered.selectExpr("customer_id", "purchased_at", "1D AS quantity", *key)
    gone = [(*lines[n][::2], str(n), day) for n, day in returned_at.items()]
    returned = frame("market string, item_id string, line string, returned_at timestamp", *gone)
    outcome = purchase_examples(
        purchases, settings(), AS_OF, returned.selectExpr(*key, "returned_at")
    )
    wanted = purchase_examples(frame(LINES, *known), settings(), AS_OF)
    assert rows_of(outcome.frame) == rows_of(wanted.frame) != []
    assert outcome.account.collect() == wanted.account.collect()


@pytest.mark.parametrize(
    "exclude", [{"ids": ["item 1", "item 2"]}, {"attributes": {"category": ["services"]}},
                {"patterns": ["item [12]"]}]
)  # fmt: skip
def test_what_is_no_product_is_in_no_row_and_in_no_feature(frame, exclude):
    """As if there were only lines of products."""
    lines = shop()
    products = [line for line in lines if line[2] not in ("item 1", "item 2")]
    assert len(products) < len(lines) - 100  # the most bought ones
    catalogue = frame(
        "item_id string, title string, brand string, category array<string>, "
        "attributes map<string, string>",
        ("item 1", None, None, ["services"], {}),
        ("item 2", None, None, ["all", "services"], {}),
        ("item 3", None, None, ["all"], {}),
    )
    asked = settings(items=Items(exclude=exclude))
    outcome = purchase_examples(frame(LINES, *lines), asked, AS_OF, catalogue=catalogue)
    wanted = purchase_examples(frame(LINES, *products), settings(), AS_OF)
    assert rows_of(outcome.frame) == rows_of(wanted.frame) != []
    assert outcome.account.collect() == wanted.account.collect()


def test_attributes_that_exclude_need_a_catalogue(frame):
    asked = settings(items=Items(exclude={"attributes": {"brand": ["x"]}}))
    with pytest.raises(JobError, match=r"^\[items\.exclude\] names attributes, and there"):
        purchase_examples(frame(LINES, *shop()), asked, AS_OF)


def rows_of(examples):
    columns = [name for name in PURCHASE_EXAMPLES.names if name != "features"]
    entries = "array_sort(map_entries(features)) AS features"
    return sorted(map(tuple, examples.selectExpr(*columns, entries).collect()), key=repr)


def test_the_account_and_what_cannot_be_learnt_from(frame):
    old, new = ("uk", "ann", "tea", at(40)), ("uk", "ann", "tea", at(5))
    other = ("uk", "ann", "jam", at(40))
    assert said(frame, [old, other, new, ("uk", "eva", "tea", at(5))], settings()) == [
        "cut-off 2017-11-01: 1 positives, 3 negatives, 1 customers, 2 items",
        "1 of 2 positives left out: their customer or item had no purchase before the cut-off",
    ]
    guests = [("uk", None, "tea", at(40)), ("uk", None, "oil", at(40)), ("uk", None, "tea", at(5))]
    assert said(frame, [old, other, new, *guests], settings()) == [
        "cut-off 2017-11-01: 1 positives, 3 negatives, 1 customers, 2 items",
        "0 of 1 positives left out: their customer or item had no purchase before the cut-off",
        "3 of 6 purchases have no customer: left out",
    ]
    with pytest.raises(
        JobError, match=r"^No purchase lies in the 100 days before the cut-off 2017"
    ):
        said(frame, [new], settings())


@pytest.mark.parametrize(
    ("after", "sentence"),
    [
        (0, r"^No purchase lies between the cut-off 2017-11-01 and 2017-12-01: take another"),
        (1200, r"^Of 1,200 purchases after the cut-off 2017-11-01 none is of a customer and an"),
    ],
)
def test_no_positives(after, sentence):
    account = Row(before=5, after=after, positives=0, cut_off=date(2017, 11, 1))
    with pytest.raises(JobError, match=sentence):
        judge(account, settings(), AS_OF)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"negatives": "in_batch"}, "0 with in_batch, and with nothing else"),
        ({"negatives_per_positive": 0}, "0 with in_batch, and with nothing else"),
        ({"train_percent": 80}, "leave nothing for test"),
        ({"popularity_exponent": 1.5}, "less than or equal to 1"),
        ({"cut_off": 3}, "Extra inputs are not permitted"),
    ],
)
def test_settings_that_do_not_fit_are_refused(changed, sentence):
    with pytest.raises(ValidationError, match=sentence):
        settings(**changed)


def test_the_oracles_hash_is_sparks(spark):
    texts = ["", "a", "abcd", "12345678", "ö" * 20, "x" * 31, "x" * 32, "y" * 77]
    df = spark.createDataFrame([(text, n) for n, text in enumerate(texts)], "t string, n bigint")
    hashes = df.select("t", "n", F.xxhash64("t", "n", F.lit(-5).cast("bigint"))).collect()
    assert [h for _, _, h in hashes] == [oracle.hashed(t, n, -5) for t, n, _ in hashes]


def test_times_are_utc():
    assert oracle.days(datetime(2017, 11, 30, 12, tzinfo=UTC), AS_OF) == 0.5
