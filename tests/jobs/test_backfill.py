"""Days made long after they were over, in any order: row by row what their own nights gave."""

import random
from datetime import date, timedelta

from tests.project import Project

FIRST = date(2017, 11, 21)
NIGHTS = [(FIRST + timedelta(days=n)).isoformat() for n in (1, 2)]
OF_DAYS = (
    "co_purchases", "item_statistics", "related_items", "bestsellers", "item_informativeness",
    "recommendations",
)  # fmt: skip
BACKFILLED = [*reversed(NIGHTS)]
CATALOGUE = "item,title\n" + "".join(f"i{n},Item {n}\n" for n in range(12))


def delivered(nth):
    """The lines of a day, by some of 8 customers; the first delivery has a week of them."""
    dice = random.Random(nth)
    lines = ["customer,order,item,time"]
    for order in range(8 if nth else 30):
        day = FIRST + timedelta(days=nth if nth else -dice.randrange(7))
        items = dice.sample(range(12), 3)
        lines += [f"c{dice.randrange(8)},{nth}-{order},i{item},{day}" for item in items]
    return "\n".join(lines) + "\n"


def shop(folder, spark):
    folder.mkdir()
    project = Project(folder, spark)
    project.file("items/1.csv", CATALOGUE)
    project.purchases["max_future_share"] = 1.0
    project.conf["jobs"] |= {
        "bestsellers": {"days": 3, "top_k": 5},
        "item_informativeness": {
            "unit": "order", "metric": "lift", "top_k": 5, "truth_days": 1, "look_back_days": 9,
            "triggers": 5, "bestseller_days": 3, "prior_hits": 1.0,
        },
        "recommendations": {
            "models": ["sum"],
            "sources": [{"unit": "order", "relation": "together", "metric": "lift"}],
            "triggers": 5, "look_back_days": 9, "half_life_days": 9.0, "shrinkage": 1.0, "top_k": 3,
        },
    }  # fmt: skip
    return project


def of_days(project):
    """All rows of each table and day."""
    found = {}
    for name in OF_DAYS:
        for row in project.read(name).collect():
            day = row["as_of"].isoformat()
            found.setdefault((name, day), []).append(str(row))
    return {key: sorted(rows) for key, rows in found.items()}


def test_every_day_of_a_backfill_has_the_rows_that_its_own_night_gave(tmp_path, spark):
    by_night = shop(tmp_path / "nights", spark)
    for nth, night in enumerate(NIGHTS):
        by_night.file(f"purchases/{nth}.csv", delivered(nth))
        by_night.run_jobs("purchases", "items", *OF_DAYS, as_of=night)

    later = shop(tmp_path / "later", spark)
    for nth in range(len(NIGHTS)):
        later.file(f"purchases/{nth}.csv", delivered(nth))
    later.run_jobs("purchases", "items", as_of=NIGHTS[-1])
    for name in OF_DAYS:  # as the DAG does: all days of a job before the jobs that read its table
        for day in BACKFILLED:
            later.run_job(name, as_of=day)

    expected = of_days(by_night)
    assert of_days(later) == expected
    assert {key for key in expected if key[0] != "item_informativeness"} == {
        (name, night) for name in OF_DAYS for night in NIGHTS if name != "item_informativeness"
    }
    assert ("item_informativeness", NIGHTS[-1]) in expected  # it has read the day before
