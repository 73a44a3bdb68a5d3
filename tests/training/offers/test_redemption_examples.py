"""Offers as they looked on a day: against a slow oracle, at every edge, and blind to the future."""

import math
import random
from datetime import date, datetime, timedelta

import pytest
from pyspark.sql import Row

from alsobought.errors import JobError
from alsobought.tables.training import REDEMPTION_EXAMPLES
from alsobought.training.offers import customer_features, redemption_examples
from alsobought.training.offers.settings import Redemption
from tests.project import offer_settings
from tests.rows import rows

AS_OF = date(2017, 6, 1)
END = datetime(2017, 6, 1)  # noqa: DTZ001 - tests run in UTC
SETTINGS = Redemption(**offer_settings()["redemption"])
WINDOW = timedelta(days=SETTINGS.attribution_days)
SECOND = timedelta(seconds=1)
KEY = ("'all' AS market", "cast(null AS string) AS order_id", "'tea' AS item_id", "line")


def day(number, **more):
    """The time so many days before the as-of day."""
    return END - timedelta(days=number, **more)


@pytest.fixture
def made(spark):
    """made(offers, engagements, redemptions, purchases, as_of) is their Outcome.

    Offers: id, customer, time, features. Events: offer, time. Purchases: customer, time, price, and
    of those that were returned the time of that.
    """

    def run(offers, engagements=(), redemptions=(), purchases=(), as_of=AS_OF):
        issued = (
            "offer_id string, customer_id string, issued_at timestamp, features map<string,double>"
        )
        bought = "customer_id string, purchased_at timestamp, price double"
        lines = [(*purchase[:3], str(n)) for n, purchase in enumerate(purchases)]
        lines = spark.createDataFrame(lines, f"{bought}, line string")
        returned = [(str(n), *at) for n, (_, _, _, *at) in enumerate(purchases) if at]
        gone = spark.createDataFrame(returned, "line string, returned_at timestamp")
        tables = redemption_examples.OfferTables(
            spark.createDataFrame(list(offers), issued),
            spark.createDataFrame(list(engagements), "offer_id string, engaged_at timestamp"),
            spark.createDataFrame(list(redemptions), "offer_id string, redeemed_at timestamp"),
            lines.selectExpr("customer_id", "purchased_at", "price", *KEY, "1D AS quantity"),
            gone.selectExpr(*KEY, "returned_at") if returned else None,
        )
        return redemption_examples.redemption_examples(tables, SETTINGS, as_of, 0.05)

    return run


def by_offer(outcome):
    """The rows of an Outcome as dicts, by offer."""
    return {row["offer_id"]: row.asDict() for row in outcome.rows.collect()}


def states(outcome):
    return {key: row["state"] for key, row in by_offer(outcome).items()}


def test_every_edge_of_what_counts(made):
    """The offer of each row was issued 40 days before the as-of day, unless it says otherwise."""
    old = day(40)
    cases = {
        "nothing": (old, None, None, "00"),
        "engaged at issue": (old, old, None, "10"),
        "engaged before issue": (old, old - SECOND, None, "00"),
        "redeemed at issue": (old, None, old, "11"),
        "redeemed before issue": (old, None, old - SECOND, "00"),
        "just within the window": (old, None, old + WINDOW - SECOND, "11"),
        "at the end of the window": (old, None, old + WINDOW, "00"),
        "engaged within, redeemed after": (old, old + SECOND, old + WINDOW, "10"),
        "a second before the day": (day(5), None, END - SECOND, "11"),
        "at the day": (day(5), None, END, "00"),
        "engaged at the day": (day(5), END, None, "00"),
        "issued a second before the day": (END - SECOND, None, None, "00"),
        "issued at the day": (END, END, None, None),
    }
    outcome = made(
        offers=[(name, name, case[0], {}) for name, case in cases.items()],
        engagements=[(name, case[1]) for name, case in cases.items() if case[1]],
        redemptions=[(name, case[2]) for name, case in cases.items() if case[2]],
    )
    assert states(outcome) == {name: case[3] for name, case in cases.items() if case[3]}


def test_a_redemption_is_an_engagement_at_its_own_time(made):
    by_id = by_offer(
        made(
            offers=[("o1", "c1", day(40), {"a": 1.0}), ("o2", "c1", day(30), {})],
            engagements=[("o1", day(37)), ("o1", day(36)), ("o1", day(35))],
            redemptions=[("o1", day(36)), ("o1", day(38)), ("o1", day(20)), ("o2", day(2))],
        )
    )
    assert [by_id["o1"][name] for name in REDEMPTION_EXAMPLES.names if name != "features"] == [
        "o1", "c1", day(40), 40.0, "11", day(38), day(38), True,
    ]  # fmt: skip
    assert (by_id["o2"]["engaged_at"], by_id["o2"]["redeemed_at"]) == (day(2), day(2))
    assert (by_id["o2"]["age_days"], by_id["o2"]["is_matured"]) == (30.0, True)


def test_an_offer_matures_when_its_window_is_over(made):
    almost = day(30) + SECOND
    by_id = by_offer(made(offers=[("o1", "c1", almost, {}), ("o2", "c1", day(30), {})]))
    assert {key: row["is_matured"] for key, row in by_id.items()} == {"o1": False, "o2": True}
    assert by_id["o1"]["age_days"] == pytest.approx(30 - 1 / 86_400, abs=1e-12)


def test_features_are_what_happened_strictly_before_issue(made):
    issue = day(10)
    by_id = by_offer(
        made(
            offers=[
                ("o1", "c1", issue, {"size": 2.0, "kind=A": 1.0, customer_features.LAST: 99.0}),
                ("older", "c1", day(39), {}),
                ("oldest", "c1", day(50), {}),
                ("other", "c2", issue, {}),
            ],
            engagements=[("older", issue - SECOND), ("oldest", issue), ("oldest", day(49))],
            redemptions=[("oldest", day(48))],
            purchases=[
                ("c1", issue, 1000.0),  # at issue: not before it
                ("c1", issue - SECOND, 1.5),
                ("c1", issue - timedelta(days=30), 2.5),
                ("c1", issue - timedelta(days=30) - SECOND, None),
                ("c1", issue - timedelta(days=90), 4.0),
                ("c1", issue - timedelta(days=90) - SECOND, 8.0),
                ("c3", issue - SECOND, 16.0),
            ],
        )
    )
    assert by_id["o1"]["features"] == pytest.approx(
        {
            "size": 2.0,
            "kind=A": 1.0,
            "days_since_last_purchase": 1 / 86_400,
            "log_purchases_30_days": math.log1p(2),
            "log_spend_30_days": math.log1p(4.0),
            "log_purchases_90_days": math.log1p(4),
            "log_spend_90_days": math.log1p(8.0),
            "log_earlier_offers": math.log1p(2),
            "log_earlier_engagements": math.log1p(2),
            "log_earlier_redemptions": math.log1p(1),
        }
    )
    nothing = dict.fromkeys(customer_features.NAMES, 0.0) | {"no_earlier_purchase": 1.0}
    del nothing["days_since_last_purchase"]
    assert by_id["other"]["features"] == nothing


WORLD = {
    "offers": [
        ("o1", "c1", day(20), {"a": 1.0}),
        ("o0", "c1", day(50), {}),
        ("o2", "c2", day(35), {"b": 2.0}),
    ],
    "engagements": [("o0", day(45)), ("o1", day(15)), ("o2", day(30))],
    "redemptions": [("o1", day(10))],
    "purchases": [("c1", day(25), 3.0), ("c2", day(36), 4.0)],
}


def test_what_lies_at_or_after_the_day_changes_no_column_of_any_row(made):
    before = by_offer(made(**WORLD))
    later = [END, END + SECOND, END + timedelta(days=300)]
    planted = {
        "offers": [(f"new{i}", "c1", at, {"a": 9.0}) for i, at in enumerate(later)],
        "engagements": [(offer, at) for offer in ("o0", "o1", "o2") for at in later],
        "redemptions": [(offer, at) for offer in ("o0", "o1", "o2") for at in later],
        "purchases": [(customer, at, 99.0) for customer in ("c1", "c2") for at in later],
    }
    outcome = made(**{name: [*WORLD[name], *rows] for name, rows in planted.items()})
    assert by_offer(outcome) == before
    assert outcome.account.collect() == made(**WORLD).account.collect()


def test_what_happens_at_or_after_issue_changes_no_feature(made):
    """All of it is known on the as-of day, and none of it when o1 and o2 were issued."""
    before = by_offer(made(**WORLD))
    planted = {
        "offers": [("o3", "c1", day(20), {}), ("o4", "c2", day(34), {}), ("o5", "c1", day(19), {})],
        "engagements": [("o0", day(20)), ("o1", day(20)), ("o2", day(35)), ("o3", day(19))],
        "redemptions": [("o0", day(20)), ("o1", day(20)), ("o2", day(35)), ("o5", day(18))],
        "purchases": [("c1", day(20), 99.0), ("c1", day(1), 99.0), ("c2", day(35), 99.0)],
    }
    by_id = by_offer(made(**{name: [*WORLD[name], *rows] for name, rows in planted.items()}))
    for offer in ("o1", "o2"):
        assert by_id[offer]["features"] == before[offer]["features"]
        assert by_id[offer]["redeemed_at"] == by_id[offer]["issued_at"]  # the events were seen


def test_a_day_s_rows_are_the_same_whether_its_tables_end_there_or_go_on(made):
    """A run of an old day after a newer one."""
    old = date(2017, 5, 12)  # the day of `day(20)`

    def ends(rows, at):
        return [row for row in rows if row[at] < day(20)]

    cut = {name: ends(rows, 2 if name == "offers" else 1) for name, rows in WORLD.items()}
    assert by_offer(made(**WORLD, as_of=old)) == by_offer(made(**cut, as_of=old))
    assert states(made(**WORLD, as_of=old)) == {"o0": "10", "o2": "10"}


@pytest.mark.parametrize("returns", [False, True])
def test_against_a_slow_oracle(made, returns):
    world = drawn(random.Random(7))
    if returns:  # a third of the purchases, up to 60 days later, also after the as-of day
        lines = world["purchases"]
        world["purchases"] = [
            (*line, line[1] + timedelta(hours=6 * (n % 240))) if n % 3 else line
            for n, line in enumerate(lines)
        ]
    outcome = made(**world)
    rows = {key: (row["state"], row["features"]) for key, row in by_offer(outcome).items()}
    expected = oracle(**world)
    assert rows.keys() == expected.keys()
    assert len({state for state, _ in rows.values()}) == 3
    for key, (state, features) in expected.items():
        assert rows[key] == (state, pytest.approx(features)), key
    account = outcome.account.collect()[0]
    assert account["offers"] == len(expected)
    assert account["engagements"] == sum(at < END for _, at in world["engagements"])
    issued = {offer: at for offer, _, at, _ in world["offers"]}
    orphans = [at for offer, at in world["redemptions"] if offer not in issued and at < END]
    too_early = [at for offer, at in world["redemptions"] if at < min(END, issued.get(offer, at))]
    assert account["redemptions_without_offer"] == len(orphans) > 0
    assert account["redemptions_before_offer"] == len(too_early) > 0


def drawn(dice):
    """A world of 8 customers, 60 offers and events around them, many at the same times."""

    def at():
        return END - timedelta(hours=6 * dice.randrange(-40, 500))

    offers = [(f"o{i}", f"c{dice.randrange(8)}", at(), {}) for i in range(60)]

    def events(n):
        return list({(f"o{dice.randrange(70)}", at()): None for _ in range(n)})

    buyers = [None, *(f"c{i}" for i in range(8))]  # None: a guest
    purchases = [(dice.choice(buyers), at(), dice.randrange(100) / 4) for _ in range(300)]
    return {
        "offers": offers,
        "engagements": events(200),
        "redemptions": events(120),
        "purchases": purchases,
    }


def oracle(offers, engagements, redemptions, purchases):
    """Offer -> state and features, by looking at everything for each offer."""

    def first(events, offer, issue):
        return min(
            (at for o, at in events if o == offer and issue <= at < issue + WINDOW), default=END
        )

    events_of = {}
    for offer, customer, issue, _ in offers:
        redeemed = first(redemptions, offer, issue)
        engaged = min(redeemed, first(engagements, offer, issue))
        events_of[offer] = (customer, issue, engaged, redeemed)
    expected = {}
    for offer, (customer, issue, engaged, redeemed) in events_of.items():
        if issue >= END:
            continue
        of_customer = [
            (at, price)
            for c, at, price, *returned_at in purchases
            if c == customer and at < issue and not (returned_at and returned_at[0] < issue)
        ]
        features = {customer_features.NEVER: 1.0}
        if of_customer:
            features = {customer_features.LAST: (issue - max(of_customer)[0]) / timedelta(days=1)}
        for span in customer_features.SPANS:
            near = [price for at, price in of_customer if at >= issue - timedelta(days=span)]
            features[f"log_purchases_{span}_days"] = math.log1p(len(near))
            features[f"log_spend_{span}_days"] = math.log1p(sum(near))
        others = [times for c, *times in events_of.values() if c == customer]
        for place, name in enumerate(customer_features.OF_OFFERS.values()):
            features[name] = math.log1p(sum(times[place] < issue for times in others))
        state = "11" if redeemed < END else "10" if engaged < END else "00"
        expected[offer] = (state, features)
    return expected


def test_events_before_an_offer_that_is_issued_later_are_before_their_offer(made):
    """On the as-of day and after it: such offers have no row, and count in nothing else."""
    outcome = made(
        offers=[("o1", "c1", day(40), {"a": 1.0}), ("on the day", "c1", END, {}),
                ("later", "c1", END + SECOND, {})],
        engagements=[("o1", day(39)), ("on the day", day(9)), ("later", day(9)), ("later", END)],
        redemptions=[("later", day(8)), ("nobody", day(8))],
    )  # fmt: skip
    assert states(outcome) == {"o1": "10"}
    account = outcome.account.collect()[0].asDict()
    assert {name: count for name, count in account.items() if count} == {
        "offers": 1, "state_10": 1, "matured": 1,
        "engagements": 3, "engagements_before_offer": 2,
        "redemptions": 2, "redemptions_before_offer": 1, "redemptions_without_offer": 1,
    }  # fmt: skip


COUNTS = {
    "offers": 100, "state_00": 50, "state_10": 30, "state_11": 20, "matured": 60,
    "without_features": 0, "engagements": 80, "redemptions": 20, "redemptions_repeated": 0,
    **{f"{k}_{f}": 0 for k in redemption_examples.KINDS for f in redemption_examples.FAULTS},
}  # fmt: skip


def sentences(limit=0.05, **counts):
    return redemption_examples.judge(Row(**(COUNTS | counts)), limit)


def test_every_fault_is_counted_once_and_told(made):
    outcome = made(
        offers=[("o1", "c1", day(40), {"a": 1.0}), ("o2", "c1", day(5), {})],
        engagements=[("o1", day(41)), ("o1", day(39)), ("o1", day(9)), ("nobody", day(9))],
        redemptions=[
            ("o1", day(38)),
            ("o1", day(37)),
            ("o1", day(1)),
            ("o2", day(6)),
            ("x", day(9)),
        ],
    )
    account = outcome.account.collect()[0]
    assert redemption_examples.judge(account, 1.0) == [
        "2 offers = 1 without a visible event + 0 engaged + 1 redeemed; 1 have matured",
        "4 engagements, 5 redemptions; left out: 1 engagements without an offer, 1 engagements "
        "before their offer, 1 engagements after the attribution window, 1 redemptions without an "
        "offer, 1 redemptions before their offer, 1 redemptions after the attribution window",
        "1 redemptions of an offer redeemed before: the first counts",
        "1 offers have no features of their own",
    ]


def test_too_many_faulty_events_are_refused_with_their_counts():
    assert len(sentences(redemptions_before_offer=5)) == 2
    with pytest.raises(JobError) as refused:
        sentences(redemptions_before_offer=5, engagements_without_offer=1)
    assert str(refused.value) == (
        "6 of 100 events (6.0%) cannot count, more than max_faulty_share = 0.05 in "
        "[jobs.redemption_examples] allows (1 engagements without an offer, 5 redemptions before "
        "their offer); deliver the missing offers, correct ids or times, or raise "
        "attribution_days or max_faulty_share."
    )


def test_repeated_redemptions_are_no_fault_and_no_events_are_fine():
    assert len(sentences(redemptions_repeated=15)) == 3
    assert (
        sentences(engagements=0, redemptions=0)[1] == "0 engagements, 0 redemptions; left out: none"
    )


def test_no_offer_before_the_day_is_refused():
    with pytest.raises(JobError, match=r"^No offer was issued before the as-of day: run the job"):
        sentences(offers=0)


def test_from_files_to_examples(project):
    """Through the jobs; the job's own limit is its section's."""
    project.have_offers()
    project.file("purchases/1.csv", "customer,order,item,time\nc1,1,tea,2017-04-30\n")
    project.file("offers/1.csv", "offer,customer,time\no1,c1,2017-05-01\no2,c1,2017-05-20\n")
    project.file("engagements/1.csv", "offer,time\no2,2017-05-21\no9,2017-05-21\n")
    project.file("redemptions/1.csv", "offer,time\no1,2017-05-03\n")
    for job in ("purchases", "offers", "engagements", "redemptions"):
        project.run_job(job, "2017-06-01")
    assert project.refusal("redemption_examples", "2017-06-01").startswith(
        "1 of 3 events (33.3%) cannot count"
    )
    project.conf["jobs"]["redemption_examples"] = {"max_faulty_share": 0.5}
    assert project.run_job("redemption_examples", "2017-06-01") == [
        "redemption_examples: 2 rows",
        "2 offers = 0 without a visible event + 1 engaged + 1 redeemed; 1 have matured",
        "2 engagements, 1 redemptions; left out: 1 engagements without an offer",
        "2 offers have no features of their own",
    ]
    stored = project.read("redemption_examples").select("as_of", "offer_id", "state")
    assert rows(stored) == [(AS_OF, "o1", "11"), (AS_OF, "o2", "10")]
