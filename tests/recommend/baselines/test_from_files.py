"""The four jobs through real files: rows that keep their contracts, and what is said."""

import pytest

from tests.rows import rows

JOBS = ("bestsellers", "repeat_purchases", "buy_again", "factor_recommendations")
KEYS = {
    "bestsellers": "market, rank",
    "repeat_purchases": "market, item_id",
    "buy_again": "market, customer_id, model, rank",
    "factor_recommendations": "market, customer_id, rank",
}


@pytest.fixture
def shop(project):
    """Six customers and a guest of two markets; each buys tea weekly, and two other things once."""
    others = ["jam", "oil", "salt", "rice", "milk", "cup"]
    lines = [
        (market, customer, f"{customer}{day}", item, f"2017-11-{day:02}")
        for market in ("uk", "de")
        for n, customer in enumerate(["ann", "ben", "cid", "dan", "eva", "fin", ""])
        for item, days in [
            ("tea", (1, 8, 15, 22, 29)),
            (others[n % 6], (20,)),
            (others[(n + 1) % 6], (21,)),
        ]
        for day in days
    ]
    header = "market,customer,order,item,time"
    project.file("purchases/1.csv", "\n".join([header, *map(",".join, lines)]) + "\n")
    names = "\n".join(f"{item},{item}" for item in ["tea", *others])
    project.file("items/1.csv", f"item,title\n{names}\n")
    project.purchases["columns"]["market"] = "market"
    project.conf["jobs"] |= {
        "bestsellers": {"days": 14, "top_k": 4},
        "repeat_purchases": {"look_back_days": 365, "shrinkage": 1.0},
        "buy_again": {
            "models": ["pg", "most_bought"],
            "look_back_days": 365,
            "min_repeat_probability": 0.5,
            "top_k": 2,
        },
        "factor_recommendations": {
            "look_back_days": 365,
            "rank": 2,
            "iterations": 2,
            "regularisation": 0.1,
            "alpha": 1.0,
            "seed": 1,
            "top_k": 3,
        },
    }
    project.run_jobs("purchases", "items")
    return project


SAID = """
bestsellers: 8 rows
from 2017-11-17 on 56 purchases of 14 items in 2 markets; 8 are listed, by customers and guests' \
orders that bought them
repeat_purchases: 14 rows
2 of 14 items were bought again, by 33.3% of their buyers (12 of 36 pairs of customer and item), \
after 7 days in the mean of 48 gaps
buy_again: 36 rows
2 of 14 items are bought again by at least 50.0% of their buyers
pg: lists for 12 of 12 customers, of 1.0 items in the mean
most_bought: lists for 12 of 12 customers, of 2.0 items in the mean
factor_recommendations: 36 rows
de: 2 factors of 6 customers and 7 items, from 18 pairs of the last 365 days (3.0 items a \
customer); 7 of these items are available
uk: 2 factors of 6 customers and 7 items, from 18 pairs of the last 365 days (3.0 items a \
customer); 7 of these items are available
"""


def test_the_jobs_write_their_tables_and_say_what_they_did(shop):
    assert shop.run_jobs(*JOBS) == SAID.strip().splitlines()
    for job in JOBS:
        keys = shop.read(job).selectExpr("count(*)", f"count(DISTINCT {KEYS[job]})").collect()[0]
        assert keys[0] == keys[1], job
    best = rows(shop.read("bestsellers"))[0]
    assert best[1:] == ("de", None, "bestsellers", 1, "tea", 8.0, 8, 14)  # two of a guest's orders
    assert {row[6] for row in rows(shop.read("repeat_purchases")) if row[2] == "tea"} == {24}
    assert {row[5] for row in rows(shop.read("buy_again").where("model = 'pg'"))} == {"tea"}
