"""`alsobought recommend`: a customer's purchases and lists, and who has none."""

import json

import pytest

from alsobought.tables.purchases import PURCHASES, RETURNED_PURCHASES
from alsobought.tables.recommend import BESTSELLERS, BUY_AGAIN, RECOMMENDATIONS
from tests.command import printed, separately
from tests.commands.serving_tables import FIRST, SECOND, at, decide, recommended, write


def lines(customer, *bought, market="all"):
    """Purchases as (item, day of January)."""
    return [
        {
            "market": market, "customer_id": customer, "order_id": "o", "item_id": item,
            "line": f"{customer}{n}", "purchased_at": at(day), "quantity": 1.0,
            "source_file": "a.csv",
        }
        for n, (item, day) in enumerate(bought)
    ]  # fmt: skip


REASONS = [{"item_id": "tea", "share": 0.625}, {"item_id": "ghost", "share": 0.375}]


@pytest.fixture
def shop(catalogue):
    """Ann has lists of two tables; ben bought and has none; everyone has the bestsellers."""
    write(catalogue, PURCHASES, lines("ann", ("tea", 1), ("cup", 1), ("tea", 2)))
    write(catalogue, PURCHASES, lines("ben", ("rice", 1), market="x"))
    write(catalogue, PURCHASES, lines("late", ("rice", 2)))
    rows = [
        *recommended("ann", "jam", reasons=REASONS),
        *recommended("ann", "rice", source="bestseller", rank=2),
        *recommended("ann", "milk", "sum", source="buy_again"),
        *recommended("eve", "milk"),
    ]
    write(catalogue, RECOMMENDATIONS, rows, SECOND)
    again = {"market": "all", "customer_id": "ann", "purchases": 1, "last_purchased_at": at(1)}
    write(catalogue, BUY_AGAIN, [again | listed("atd", "tea")], SECOND)
    best = {"customer_id": None, "buyers": 3, "purchases": 3}
    rows = [best | {"market": market} | listed("bestsellers", "soy") for market in ("all", "x")]
    write(catalogue, BESTSELLERS, rows, SECOND)
    return catalogue


def listed(model, item):
    return {"model": model, "rank": 1, "item_id": item, "score": 2.0}


@pytest.mark.usefixtures("shop")
def test_recommend_prints_the_purchases_and_each_models_list_with_its_reasons():
    assert printed("recommend", "ann") == (
        0,
        [
            "ann bought last, before 2024-01-02:",
            "bought (UTC) title item",
            "2024-01-01 12:00 Tea cup cup",
            "2024-01-01 12:00 Green tea tea",
            "By calibrated, market all:",
            "rank title item score because",
            "1 Plum jam jam 1.000 you bought Green tea (62%), ghost (38%)",
            "2 Rice rice 1.000 a bestseller",
            "By sum, market all:",
            "rank title item score because",
            "1 milk milk 1.000 bought before",
            "By atd, market all:",
            "rank title item score because",
            "1 Green tea tea 2.000 bought before",
        ],
    )


@pytest.mark.usefixtures("shop")
def test_one_model_and_the_first_places():
    code, out = printed("recommend", "ann", "--model", "calibrated", "--top", "1")
    assert (code, out[4:]) == (
        0,
        [
            "By calibrated, market all:",
            "rank title item score because",
            "1 Plum jam jam 1.000 you bought Green tea (62%), ghost (38%)",
        ],
    )
    assert printed("recommend", "ann", "--model", "als") == (
        3, ["error: The customer has no list by 'als'; there are atd, calibrated, sum."]
    )  # fmt: skip


@pytest.mark.usefixtures("shop")
def test_recommend_for_programs():
    code, out, err = separately("recommend", "ann", "--model", "calibrated", "--json")
    titles = ({"title": "Green tea"}, {"title": None})
    assert (code, err) == (0, "")
    assert json.loads(out)[0] == {
        "as_of": "2024-01-02", "market": "all", "customer_id": "ann", "model": "calibrated",
        "rank": 1, "item_id": "jam", "title": "Plum jam", "score": 1.0, "source": "related",
        "reasons": [reason | title for reason, title in zip(REASONS, titles, strict=True)],
    }  # fmt: skip
    assert separately("recommend", "ann", "--model", "calibrated", "--csv")[1].splitlines() == [
        "as_of,market,customer_id,model,rank,item_id,title,score,source,reasons",
        "2024-01-02,all,ann,calibrated,1,jam,Plum jam,1.0,related,"
        '"you bought Green tea (62%), ghost (38%)"',
        "2024-01-02,all,ann,calibrated,2,rice,Rice,1.0,bestseller,",
    ]


@pytest.mark.usefixtures("shop")
def test_a_customer_without_a_list_is_shown_the_bestsellers_of_the_market():
    said = "ben has no list as of 2024-01-02: these are the bestsellers of the market."
    assert printed("recommend", "ben") == (
        0,
        [
            "ben bought last, before 2024-01-02:",
            "bought (UTC) title item",
            "2024-01-01 12:00 Rice rice",
            said,
            "By bestsellers, market x:",
            "rank title item score because",
            "1 Soy sauce soy 2.000 a bestseller",
        ],
    )
    code, out, err = separately("recommend", "ben", "--json")
    assert (code, err.strip()) == (0, said)
    assert [(row["market"], row["item_id"]) for row in json.loads(out)] == [("x", "soy")]


@pytest.mark.usefixtures("shop")
def test_a_customer_with_a_list_and_no_purchase_that_counts():
    assert printed("recommend", "eve")[1][0] == "eve bought nothing before 2024-01-02 that counts."


def test_a_customer_without_a_list_where_there_are_no_bestsellers(shop):
    (shop / "bestsellers").rename(shop / "gone")
    code, out, err = separately("recommend", "ben", "--json")
    assert (code, json.loads(out)) == (3, [])
    assert err.strip() == (
        "ben has no list as of 2024-01-02, and there are no bestsellers: run the job bestsellers "
        "--as-of 2024-01-02."
    )


@pytest.mark.usefixtures("shop")
def test_nobody_of_that_name():
    """Nor anyone who has bought only since."""
    for customer in ("zoe", "late", "an'n"):
        code, (said,) = printed("recommend", customer)
        assert (code, said) == (
            3,
            f"error: No customer is called {customer!r}: nobody of that id has bought anything "
            f"before 2024-01-02, or has a list.",
        )
    assert printed("recommend", "ben", "--market", "all")[1] == [
        "error: No customer is called 'ben': nobody of that id has bought anything in market all "
        "before 2024-01-02, or has a list."
    ]


def test_what_was_returned_is_not_shown(shop):
    row = {
        "market": "all", "order_id": "o", "item_id": "cup", "line": "ann1", "quantity": 1.0,
        "purchased_at": at(1), "returned": 1.0, "returned_at": at(1, 13),
    }  # fmt: skip
    write(shop, RETURNED_PURCHASES, [row], SECOND)
    assert [line.split()[-1] for line in printed("recommend", "ann")[1][2:3]] == ["tea"]


def test_the_lists_of_another_programs_table_and_of_the_served_version(shop, tmp_path):
    toml = tmp_path / "conf" / "test.toml"
    (tmp_path / "jobs" / "evaluations.py").touch()
    more = '[jobs.evaluations]\nothers = ["theirs"]\n'
    toml.write_text(toml.read_text(encoding="utf-8") + more, encoding="utf-8")
    (shop / "buy_again").rename(shop / "theirs")
    names = [line for line in printed("recommend", "ann")[1] if line.startswith("By ")]
    assert names == [f"By {name}, market all:" for name in ("calibrated", "sum", "atd")]
    version = write(shop, RECOMMENDATIONS, recommended("ann", "honey"), FIRST)
    decide(shop, ("promoted", FIRST, {"recommendations": version}))
    write(shop, RECOMMENDATIONS, recommended("ann", "soy"), FIRST)
    rows = json.loads(separately("recommend", "ann", "--served", "--json")[1])
    assert [(row["as_of"], row["item_id"]) for row in rows] == [("2024-01-01", "honey")]


def test_the_lists_of_another_program_that_are_every_customers(shop, tmp_path):
    toml = tmp_path / "conf" / "test.toml"
    (tmp_path / "jobs" / "evaluations.py").touch()
    more = '[jobs.evaluations]\nothers = ["theirs"]\n'
    toml.write_text(toml.read_text(encoding="utf-8") + more, encoding="utf-8")
    best = {"customer_id": None, "buyers": 1, "purchases": 1}
    rows = [best | {"market": market} | listed("picks", "jam") for market in ("all", "y")]
    (shop / "bestsellers").rename(shop / "ours")
    write(shop, BESTSELLERS, rows, SECOND)
    (shop / "bestsellers").rename(shop / "theirs")
    (shop / "ours").rename(shop / "bestsellers")
    names = [line for line in printed("recommend", "ann")[1] if line.startswith("By ")]
    assert names == [f"By {name}, market all:" for name in ("calibrated", "sum", "atd", "picks")]
    rows = json.loads(separately("recommend", "ann", "--model", "picks", "--json")[1])
    assert [(row["customer_id"], row["item_id"], row["source"]) for row in rows] == [
        ("ann", "jam", None)
    ]
    write(shop, PURCHASES, lines("pam", ("rice", 1), market="y"))
    said = "pam has no list as of 2024-01-02: these are every customer's, by picks."
    assert said in printed("recommend", "pam")[1]
    assert printed("recommend", "pam", "--model", "sum") == (
        3, ["error: The customer has no list by 'sum'; there are picks."]
    )  # fmt: skip


def test_a_shop_with_other_lists_than_recommendations(shop):
    (shop / "recommendations").rename(shop / "gone")
    assert printed("recommend", "ann")[1][-1] == "1 Green tea tea 2.000 bought before"
    assert printed("recommend", "ann", "--as-of", "2024-01-03") == (
        3, ["error: buy_again has no as-of day '2024-01-03'; it has 2024-01-02."]
    )  # fmt: skip


@pytest.mark.usefixtures("catalogue")
def test_without_any_lists():
    assert printed("recommend", "ann") == (
        1, ["error: recommendations is not built yet: run the job recommendations first."]
    )  # fmt: skip
