"""From files to lists of complements and of substitutes."""

import re

from tests.rows import rows

CHAIN = ("purchases", "items", "item_statistics", "co_purchases", "related_kinds", "related_items")
ORDERS = ["pasta sauce", "pasta sauce", "tea bread", "grey bread", "tea bread", "grey bread"]
CATALOGUE = """\
item,title,maker,department,kind
pasta,Pasta,Casa,food,pasta
sauce,Sauce,Casa,food,sauce
tea,Black tea,Leaf,drinks,tea
grey,Earl Grey,Hill,drinks,tea
bread,Bread,,food,bread
"""


def test_lists_by_kind_from_files_to_lists(project):
    lines = [
        f"c{c},{c}-{n},{item},2017-11-{n + 1:02}"
        for c in range(12)
        for n, items in enumerate(ORDERS)
        for item in items.split()
    ]
    project.file("purchases/1.csv", "\n".join(["customer,order,item,time", *lines]) + "\n")
    project.file("items/1.csv", CATALOGUE)
    project.items["columns"] |= {"brand": "maker", "category": ["department", "kind"]}
    project.conf["lists"] |= {"metrics": ["lift"], "kinds": ["complement", "substitute"]}
    for job in CHAIN[:4]:
        project.run_job(job)
    assert project.refusal("related_items") == (
        "[lists] kinds needs the table related_kinds: add [jobs.related_kinds]."
    )
    project.conf["jobs"]["related_kinds"] = {}
    (said,) = [line for line in project.run_job("related_kinds") if line.startswith("of ")]
    assert re.fullmatch(r"of 20 pairs: 6 complement, \d+ substitute, 0 variant, \d+ unsure", said)
    project.run_job("related_items")
    lists = project.read("related_items").where("unit = 'customer' AND item_id IN ('tea', 'pasta')")
    of_kinds = lists.select("relation", "item_id", "rank", "related_item_id")
    assert rows(of_kinds.where("relation = 'complement'")) == [
        ("complement", "pasta", 1, "sauce"),
        ("complement", "tea", 1, "bread"),
    ]
    substitutes = of_kinds.where("relation = 'substitute' AND item_id = 'tea'").collect()
    assert "grey" in {row["related_item_id"] for row in substitutes}
    assert lists.where("relation = 'together'").count() == 2 * 4

    project.conf["lists"] = {"metrics": ["lift"], "min_support": 1, "min_customers": 13}
    project.run_job("related_items")
    lists = project.read("related_items")
    assert rows(lists.select("unit").distinct()) == [("customer",)]  # by order all are of twelve
