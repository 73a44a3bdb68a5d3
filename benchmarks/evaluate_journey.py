"""Complete Journey: ways of merging related items, and peers, by hit@6 at several cut-offs.

    python -m benchmarks.evaluate_journey --cut-offs 272,286,300,314 --hits FOLDER

Prints the two tables of docs/evaluation.md. One thread, some 2 GB; about a minute and a half a
cut-off. FOLDER keeps each customer's hits: a cut-off that it holds is not judged again.
"""

import os
from argparse import ArgumentParser
from pathlib import Path

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))

from benchmarks.merging.cut_off import CutOff, Journey
from benchmarks.merging.judge import Judge
from benchmarks.merging.models import MERGED, of_buyers, of_merges, of_peers

POPULARITY = "popularity, all history"
MOST_BOUGHT = "what the customer bought most"
ALS = "implicit ALS, 64 factors, tuned"


def judge(cut: CutOff, new: Judge, everything: Judge) -> None:
    """Add every model's hits at a cut-off."""
    scores = {}
    for name, of_all in of_peers(cut):
        new.add(name, cut, of_all)
        everything.add(name, cut, of_all)
        scores[name] = of_all
    for name, merged in of_merges(cut, scores[ALS]):
        new.add(name, cut, merged)
        scores[name] = merged
    for name, listed in of_buyers(cut, scores[MERGED]):
        everything.add(name, cut, listed)


def print_table(judged: Judge, base: str, peers: tuple[str, ...]) -> None:
    """hit@6 of every model at each cut-off and pooled, and paired differences, as Markdown."""
    days = sorted(judged.customers)
    sizes = ", ".join(f"{len(judged.customers[day])} at {day}" for day in days)
    print(f"\nCustomers judged: {sizes}.\n")
    heads = [f"day {day}" for day in days]
    against = [f"minus {other}" for other in (base, *peers)]
    print("| " + " | ".join(["model", *heads, "all (95 %)", *against]) + " |")
    print("|" + "---|" * (len(days) + 3 + len(peers)))
    for model, hits in judged.hits.items():
        by_day = [f"{hits[day].mean():.3f}" for day in days]
        differences = [
            "" if model == other else interval(judged.mean(model, days, other), "+.4f")
            for other in (base, *peers)
        ]
        row = [model.strip(), *by_day, interval(judged.mean(model, days), ".4f"), *differences]
        print("| " + " | ".join(row) + " |")


def interval(value: tuple[float, ...], digits: str) -> str:
    """A mean and its bounds, as text."""
    mean, low, high = (format(part, digits) for part in value)
    return f"{mean} [{low}, {high}]"


def main() -> None:
    """Judge all models at the cut-offs that the command line names."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--cut-offs", default="272,286,300,314", help="days of the year, from 0")
    parser.add_argument("--hits", type=Path, required=True, help="a folder that keeps the hits")
    arguments = parser.parse_args()
    days, hits = [int(day) for day in arguments.cut_offs.split(",")], arguments.hits
    journey = Journey.read()
    new, everything = Judge(only_new=True), Judge(only_new=False)
    hits.mkdir(parents=True, exist_ok=True)
    for day in days:
        files = [hits / f"{day}-{kind}.npz" for kind in ("new", "all")]
        if all(file.is_file() for file in files):
            new.read(files[0], day)
            everything.read(files[1], day)
        else:
            judge(CutOff.of(journey, day), new, everything)
            new.write(files[0], day)
            everything.write(files[1], day)
    print_table(new, POPULARITY, ("EASE, penalty 300", ALS))
    print_table(everything, MOST_BOUGHT, ())


if __name__ == "__main__":
    main()
