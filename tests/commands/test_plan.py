"""`alsobought plan`, on a shop of twelve orders."""

import re
from datetime import date

from alsobought.commands.plan import heaviest_units, print_plan
from alsobought.runtime import job as jobs
from alsobought.runtime.run import context
from tests.jobs import shop
from tests.project import AS_OF


def test_the_plan_has_pairs_sizes_what_is_heaviest_and_the_cost(project, capsys):
    shop.fill(project)
    project.run_job("purchases")
    job = jobs.load(project.home, "co_purchases")
    where = context(project.home, "test", date.fromisoformat(AS_OF), [job])
    print_plan(project.spark, where, where.environment.params(job.name, job.params))
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    lines = [re.sub(r"about [\d,]+ s", "about N s", line) for line in lines]
    assert [
        line for line in lines if line.strip("─") and not line.startswith("heaviest items")
    ] == [
        "co_purchases of test, purchases from 2016-12-01 to 2017-12-01",
        "order: 12 units, 15 pairs",
        "items orders pairs pairs after the cap share",
        "1 1 0 0 0.0%",
        "2-3 11 15 15 100.0%",
        "heaviest orders: 1 (3 lines), 3 (3 lines), 7 (3 lines), 10 (2 lines), 11 (2 lines)",
        "customer: 6 units, 22 pairs",
        "items customers pairs pairs after the cap share",
        "2-3 4 10 10 45.5%",
        "4-7 2 12 12 54.5%",
        "heaviest customers: ann (5 lines), dan (5 lines), eva (4 lines), fin (4 lines),"
        " ben (4 lines)",
        "unit blocks items on their own MB to shuffle MB a task core-seconds",
        "order 4 0 0 0 0",
        "customer 4 0 0 0 0",
        "plan: 8 blocks and 0 items on their own, 0 MB to shuffle, at most 0 MB a task,"
        " about N s on 2 cores.",
        "order: the heaviest block has 1.00 times the work of the median one.",
        "customer: the heaviest block has 1.00 times the work of the median one.",
    ]
    items = [line for line in lines if line.startswith("heaviest items: ")]
    assert [line.split(",")[0] for line in items] == [
        "heaviest items: tea (5 buyers)",
        "heaviest items: tea (4 buyers)",
    ]


def test_the_heaviest_units_have_the_most_lines_ties_by_market_and_id(frame):
    lines = [("uk", order, "ann") for order, n in (("b", 2), ("a", 2), ("c", 3)) for _ in range(n)]
    lines += [("de", "d", "eva")] * 2 + [("de", "e", "eva"), ("uk", "f", "ann"), ("uk", "g", "ben")]
    window = frame("market string, order_id string, customer_id string", *lines)
    assert heaviest_units(window, "order") == [("c", 3), ("d", 2), ("a", 2), ("b", 2), ("e", 1)]
    assert heaviest_units(window, "customer") == [("ann", 8), ("eva", 3), ("ben", 1)]
