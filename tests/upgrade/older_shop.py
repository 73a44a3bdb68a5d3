"""A small shop, and what packs the warehouse that this checkout's code makes of it.

The archives beside this module are such warehouses: `python -m tests.upgrade.older_shop FILE`, run
with this module in a checkout of the commit that the archive is called after.
"""

import sys
import tarfile
import tempfile
from pathlib import Path

from alsobought.runtime import session
from tests import command
from tests.project import Project

FIRST_DAY, NEXT_DAY = "2017-12-01", "2017-12-02"
CHAIN = (
    "purchases", "items", "item_statistics", "co_purchases", "related_kinds", "related_items",
    "bestsellers", "recommendations", "promotions",
)  # fmt: skip
ORDERS = ["pasta sauce", "pasta sauce", "tea bread", "grey bread", "tea bread", "grey bread"]
NEVER_BOUGHT = {0: "grey", 1: "sauce", 2: "tea"}  # by customer: there is something to recommend
HEAD = "customer,order,item,time"
CATALOGUE = """\
item,title,maker,department,kind
pasta,Pasta,Casa,food,pasta
sauce,Sauce,Casa,food,sauce
tea,Black tea,Leaf,drinks,tea
grey,Earl Grey,Hill,drinks,tea
bread,Bread,,food,bread
"""


def fill(project: Project) -> None:
    """Lay the shop's files of the first day, and its settings, into a project."""
    lines = [
        f"c{c},{c}-{n},{item},2017-11-{n + 1:02}"
        for c in range(6)
        for n, items in enumerate(ORDERS)
        for item in items.split()
        if item != NEVER_BOUGHT.get(c)
    ]
    project.file("purchases/1.csv", "\n".join([HEAD, *lines, ",,tea,2017-11-01"]) + "\n")
    project.file("items/1.csv", CATALOGUE)
    project.purchases["max_rejected_share"] = 0.5
    project.items["columns"] |= {"brand": "maker", "category": ["department", "kind"]}
    project.conf["lists"] |= {"metrics": ["lift"], "kinds": ["complement", "substitute"]}
    project.conf["jobs"] |= {
        "related_kinds": {},
        "bestsellers": {"days": 30, "top_k": 9},
        "recommendations": {
            "models": ["sum"],
            "sources": [{"unit": "customer", "relation": "together", "metric": "lift"}],
            "triggers": 9,
            "look_back_days": 365,
            "half_life_days": 90.0,
            "shrinkage": 5.0,
            "top_k": 3,
        },
        "promotions": {
            "models": ["sum"],
            "k": 2,
            "margin": 0.1,
            "min_rows_share": 0.5,
            "max_changed_share": 1.0,
            "min_items_with_list": 0.1,
            "min_customers_with_list": 0.1,
            "customer_days": 60,
            "max_age_days": 60,
        },
    }


def deliver_next_day(project: Project) -> None:
    """The file of the second night, in which somebody new has bought."""
    lines = ["c9,9-1,tea,2017-12-01", "c9,9-1,sauce,2017-12-01", "c0,0-9,tea,2017-12-01"]
    project.file("purchases/2.csv", "\n".join([HEAD, *lines]) + "\n")


def main(archive: str) -> None:
    """Pack the warehouse that the jobs make of the first day."""
    settings = command.SETTINGS | {"spark.master": "local[1]"}
    with tempfile.TemporaryDirectory() as folder:
        project = Project(Path(folder), session.build("older shop", settings))
        fill(project)
        for job in CHAIN:
            project.run_job(job, FIRST_DAY)
        with tarfile.open(archive, "w:xz") as packed:
            packed.add(project.home / "tables", "tables")


if __name__ == "__main__":
    main(sys.argv[1])
