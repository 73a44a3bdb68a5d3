"""Matured offers replayed at random ages: always the same ages, final delays, enough history."""

from datetime import datetime, timedelta

import pytest

from alsobought.errors import JobError
from alsobought.tables.training import REDEMPTION_EXAMPLES
from alsobought.training.offers.matured_history import matured_replays
from alsobought.training.offers.settings import Redemption
from tests.project import offer_settings
from tests.rows import rows

END = datetime(2017, 6, 1)  # noqa: DTZ001 - tests run in UTC
NAMES = ["offer_id", "customer_hash", "features", "age_days", "engaged_after", "redeemed_after"]


def settings(**changes):
    return Redemption(**(offer_settings()["redemption"] | changes))


@pytest.fixture
def stored(spark):
    """stored((offer, age in days, engaged and redeemed after days or None), ...): examples."""

    def made(*offers):
        kinds = ", ".join(
            f"{f.name} {f.dataType.simpleString()}" for f in REDEMPTION_EXAMPLES.columns
        )

        def after(issued, days):
            return None if days is None else issued + timedelta(days=days)

        rows_of_offers = []
        for offer, age, engaged, redeemed in offers:
            issued = END - timedelta(days=age)
            times = (after(issued, engaged), after(issued, redeemed))
            features = {"age": float(age)}
            rows_of_offers.append(
                (offer, "c1", issued, float(age), features, "00", *times, age >= 30)
            )
        return spark.createDataFrame(rows_of_offers, kinds)

    return made


def test_matured_offers_at_each_age_with_their_final_delays(stored):
    examples = stored(
        ("a", 30, 0.5, None), ("b", 29, 1, 2), ("c", 99, 1.25, 29), ("d", 40, None, None)
    )
    replays = matured_replays(examples, settings(replays=3))
    assert replays.columns == NAMES
    assert rows(replays.select("offer_id", "features", "engaged_after", "redeemed_after")) == [
        *[("a", {"age": 30.0}, 0.5, None)] * 3,
        *[("c", {"age": 99.0}, 1.25, 29.0)] * 3,
        *[("d", {"age": 40.0}, None, None)] * 3,
    ]
    ages = [row["age_days"] for row in replays.collect()]
    assert len(set(ages)) == 9
    assert all(0 < age < 30 for age in ages)


def test_ages_are_even_over_the_window(stored):
    replays = matured_replays(
        stored(("a", 30, None, None)), settings(replays=4000, training_rows=10_000)
    )
    ages = sorted(row["age_days"] for row in replays.collect())
    gap = max(abs(age / 30 - (i + 0.5) / 4000) for i, age in enumerate(ages))
    assert gap < 1.63 / 4000**0.5  # Kolmogorov and Smirnov: 1 in 100 even samples exceed it


def test_any_number_of_partitions_and_any_other_offers_give_the_same_rows(stored):
    offers = [(f"o{i}", 30 + i, 1, None) for i in range(20)]
    first = rows(matured_replays(stored(*offers).repartition(1), settings()))
    again = rows(matured_replays(stored(*reversed(offers)).repartition(7), settings()))
    assert first == again
    assert len(first) == 40
    only = rows(matured_replays(stored(*offers[:3]), settings()))
    assert only == [row for row in first if row[0] in {"o0", "o1", "o2"}]
    other = rows(matured_replays(stored(*offers), settings(seed=2)))
    assert {row[3] for row in other} & {row[3] for row in first} == set()


def test_too_many_rows_leave_out_whole_offers_by_a_hash(stored):
    examples = stored(*[(f"o{i}", 31, 1, None) for i in range(1000)])
    every = {row[0]: row for row in rows(matured_replays(examples, settings(training_rows=2000)))}
    kept = rows(matured_replays(examples, settings(training_rows=400)))
    counts = {}
    for row in kept:
        counts[row[0]] = counts.get(row[0], 0) + 1
    assert len(every) == 1000
    assert set(counts.values()) == {2}
    assert 150 < len(counts) < 250  # 200 expected, standard deviation 13


def test_too_little_history_says_from_which_day_there_is_enough(stored):
    with pytest.raises(JobError) as refused:
        matured_replays(
            stored(("a", 20, None, None), ("b", 2, None, None)), settings(min_matured=5)
        )
    assert str(refused.value) == (
        "0 offers have matured (attribution_days = 30), fewer than min_matured = 5: the first "
        "offer matures for --as-of 2017-06-11, so choose a later day, deliver older offers, or "
        "lower attribution_days or min_matured in [redemption]."
    )
    with pytest.raises(JobError, match="2017-06-12"):  # issued at noon: not on the 30th midnight
        matured_replays(stored(("a", 19.5, None, None)), settings())
