"""Small random worlds of guests, returns and two markets with the same order ids, from files to
counts, row by row against plain Python."""

import random
from datetime import date, datetime, timedelta

import pytest
from pyspark.sql import functions as F

from alsobought.copurchase.co_purchases import co_purchases
from alsobought.copurchase.counted_purchases import counted_purchases
from alsobought.copurchase.engine.pipeline import pack_purchases
from alsobought.copurchase.item_statistics import item_statistics
from alsobought.copurchase.reference import baskets as reference
from alsobought.copurchase.reference import join, statistics
from alsobought.copurchase.reference.matched import matched_statistics
from alsobought.copurchase.settings import (
    Baskets,
    CoPurchases,
    Lists,
    Markets,
)
from alsobought.products import Exclusions, Items
from alsobought.returns import counting
from alsobought.tables.stored import Stored
from tests import line_oracle, oracle
from tests.line_oracle import Line
from tests.project import Project
from tests.rows import rows

WORLDS = 8
FIRST = datetime(2017, 11, 1)  # noqa: DTZ001 - tests run in UTC
COUNTED_ON = {  # what is counted on each as-of day; before the first nothing has come back
    "2017-11-02": ("item_statistics",),
    "2017-11-12": ("co_purchases",),
    "2017-11-22": ("item_statistics", "co_purchases"),
}
BASKETS = {
    "units": ["order", "customer"],
    "look_back_days": 100,
    "count_repeats": True,
    "max_items": {"order": 99, "customer": 99},
}
HEAD = "market,customer,order,item,line,time,n\n"


def world(seed):
    """Lines of two markets, a third of them returns: of parts, of more than was bought, of nothing,
    before any purchase; of guests by order, of customers with and without orders."""
    dice = random.Random(seed)
    lines = []
    for n in range(60):
        customer, order = dice.choice([None, "ann", "ben"]), dice.choice([None, "1", "2", "3"])
        if customer is None and order is None:
            order = "4"
        market = f"{seed}{dice.choice('xy')}"
        at = FIRST + timedelta(days=dice.randrange(25), hours=dice.choice([0, 0, 7]))
        units = dice.choice([1, 1, 2, 3]) if n % 3 else -dice.choice([1, 1, 2, 9])
        item = dice.choice(["tea", "jam", "oil", "salt"])
        # of a line without an order the id has its customer in the table
        line = f"{n}" if order else f"{customer}-{n}"
        lines.append(Line(market, customer, order, item, line, at, float(units)))
    return lines


LINES = [line for seed in range(WORLDS) for line in world(seed)]


@pytest.fixture(scope="module")
def shop(spark, tmp_path_factory):
    """The worlds in three files, loaded."""
    project = Project(tmp_path_factory.mktemp("worlds"), spark)
    columns = {"market": "market", "line": "line", "quantity": "n"}
    project.purchases["columns"] |= columns
    project.purchases["returns"] = {"negative_quantity": True}
    project.conf["baskets"] = BASKETS
    project.conf["jobs"]["co_purchases"]["candidates"] = 1000
    for number in range(3):
        text = "".join(map(as_text, LINES[number::3]))
        project.file(f"purchases/{number}.csv", HEAD + text)
    project.run_job("purchases")
    return project


def as_text(line):
    return (
        f"{line.market},{line.customer or ''},{line.order or ''},{line.item},"
        f"{line.line.rpartition('-')[2]},{line.at:%Y-%m-%d %H:%M},{line.quantity}\n"
    )


def test_the_lines_are_those_of_the_files(shop):
    columns = ["market", "customer_id", "order_id", "item_id", "line", "purchased_at", "quantity"]
    assert rows(shop.read("purchases").select(*columns)) == sorted(map(tuple, LINES), key=repr)


@pytest.mark.parametrize("as_of", COUNTED_ON)
def test_what_counts_on_a_day_is_what_was_bought_and_not_returned_by_then(shop, as_of):
    said = shop.run_jobs("returned_purchases", *COUNTED_ON[as_of], as_of=as_of)
    day = datetime.fromisoformat(as_of)
    returned, unmatched = line_oracle.returns(LINES, day)
    counted = line_oracle.counting(LINES, day)
    past = [line for line in LINES if line.at < day]
    assert said[1] == account(past, counted, returned)
    assert said[2].startswith(
        f"{len(unmatched)} of {sum(line.quantity < 0 for line in past)} returns are of more than "
        f"was bought before: "
    )
    assert of_day(shop, "returned_purchases", as_of) == sorted(
        ((*line.key, line.at, line.quantity, *of) for line, of in returned.items()), key=repr
    )
    assert bool(returned) == (as_of != min(COUNTED_ON))
    if "item_statistics" in COUNTED_ON[as_of]:
        assert of_day(shop, "item_statistics", as_of) == wanted_statistics(counted)
    if "co_purchases" in COUNTED_ON[as_of]:
        assert pairs_of(shop, as_of) == wanted_pairs(counted)


def account(past, counted, returned):
    bought = sum(line.quantity > 0 for line in past)
    in_part = sum(of.returned_at is None for of in returned.values())
    kept = f"{bought} lines = {len(counted)} kept + {bought - len(counted)} returned"
    return kept + (f"; of {in_part} of the kept a part was returned" if in_part else "")


def of_day(shop, table, as_of):
    return rows(shop.read(table).where(F.col("as_of") == as_of).drop("as_of", "prior"))


def wanted_statistics(counted):
    return sorted(
        (
            (unit, market, item, *counts)
            for unit in BASKETS["units"]
            for (market, item), counts in oracle.statistics(
                line_oracle.for_counts(counted), unit
            ).items()
        ),
        key=repr,
    )


def pairs_of(shop, as_of):
    return {tuple(row[:2]) + tuple(row[3:5]): tuple(row[5:])
            for row in of_day(shop, "co_purchases", as_of)}  # fmt: skip


def wanted_pairs(counted):
    lines = line_oracle.for_counts(counted)
    return {
        (unit, *pair): (both, pytest.approx(expected, rel=1e-9), *counts)
        for unit in BASKETS["units"]
        for pair, (both, expected, *counts) in oracle.pairs(lines, unit).items()
    }


def test_by_spark_and_by_reference_the_same_lines_count(shop):
    day = max(COUNTED_ON)
    as_of = date.fromisoformat(day)
    shop.run_job("returned_purchases", day)
    purchases = shop.read("purchases")
    returned = shop.read("returned_purchases").where(F.col("as_of") == day).drop("as_of")
    baskets = Baskets(**BASKETS)
    wanted = wanted_statistics(line_oracle.counting(LINES, datetime.fromisoformat(day)))
    packed = pack_purchases(Stored(purchases), baskets, as_of, Stored(returned))
    assert rows(item_statistics(packed).frame) == wanted
    packed.release()
    held = reference.all_units(counting(purchases, returned, as_of), baskets, as_of)
    assert rows(statistics.item_statistics(held)) == wanted


GROUPS = {f"{seed}EU": [f"{seed}x", f"{seed}y"] for seed in range(0, WORLDS, 2)}
NO_PRODUCT = "salt"


@pytest.fixture
def counted(shop):
    """counted(cap, **changed): its pairs and items, with returns, an exclusion and groups, by the
    engine; and the lines that it counts, by Spark alone."""
    day = max(COUNTED_ON)
    as_of = date.fromisoformat(day)
    shop.run_job("returned_purchases", day)
    purchases = shop.read("purchases")
    returned = shop.read("returned_purchases").where(F.col("as_of") == day).drop("as_of")
    exclude = Exclusions(ids=[NO_PRODUCT])

    def by_engine(cap, **changed):
        caps = {"order": cap, "customer": cap}
        params = CoPurchases(
            baskets=Baskets(**BASKETS | {"max_items": caps} | changed),
            items=Items(exclude=exclude),
            markets=Markets(groups=GROUPS),
            lists=Lists(metrics=["lift"], min_support=1),
            candidates=1000,
            task_memory_mb=64,
        )
        packed = counted_purchases(Stored(purchases), Stored(returned), None, params, as_of)
        pairs, items = co_purchases(packed, params).frame, item_statistics(packed).frame
        evidence = {
            tuple(row[:2]) + tuple(row[3:5]): tuple(row[5:]) for row in rows(pairs.drop("prior"))
        }
        of_items = rows(items)
        packed.release()
        products = reference.without_excluded(counting(purchases, returned, as_of), exclude)
        by_join = reference.all_units(products, params.baskets, as_of, GROUPS)
        return evidence, of_items, by_join

    return by_engine


MATCHED = {"count_repeats": False, "expectation": "matched"}


@pytest.mark.parametrize("changed", [{}, MATCHED], ids=["share", "matched"])
def test_returns_exclusions_and_groups_together_equal_plain_python(counted, changed):
    evidence, of_items, _ = counted(cap=99, **changed)
    repeats = not changed
    day = datetime.fromisoformat(max(COUNTED_ON))
    lines = line_oracle.for_counts(line_oracle.counting(LINES, day))
    products = oracle.in_groups([line for line in lines if line[3] != NO_PRODUCT], GROUPS)
    pairs, items = {}, []
    for unit in BASKETS["units"]:
        of_unit = [line for line in products if line[2 if unit == "order" else 1]]
        of_pairs = oracle.pairs(of_unit, unit, repeats=repeats, matched=not repeats)
        pairs |= {(unit, *pair): n for pair, n in of_pairs.items()}
        items += [
            (unit, *item, *n) for item, n in oracle.statistics(of_unit, unit, repeats).items()
        ]
    assert {market for _, market, *_ in pairs} > set(GROUPS)
    assert evidence == {
        pair: (both, pytest.approx(expected, rel=1e-9), *counts)
        for pair, (both, expected, *counts) in pairs.items()
    }
    assert of_items == sorted(items, key=repr)


def test_and_with_a_cap_beside_them_equal_the_reference(counted):
    evidence, of_items, by_join = counted(cap=2, **MATCHED)
    statistics_of_join = statistics.item_statistics(by_join)
    in_e = matched_statistics(statistics_of_join)
    pairs = join.with_evidence(join.pair_counts(by_join, 1), in_e)
    names = ("unit", "market", "item_id", "related_item_id")
    counts = ("both", "expected", "buyers", "related_buyers", "units")
    assert evidence == {
        tuple(row[name] for name in names): (
            row["both"],
            pytest.approx(row["expected"], rel=1e-9),
            *(row[name] for name in counts[2:]),
        )
        for row in pairs.collect()
    }
    assert of_items == rows(statistics_of_join)
    assert evidence != counted(cap=99, **MATCHED)[0]
