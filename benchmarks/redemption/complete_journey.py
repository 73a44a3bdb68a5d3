"""Every method on Complete Journey at ten days, judged by the final labels of unseen customers.

    python -m benchmarks.redemption.complete_journey

On each day T the offers issued before T are looked at as they were on T. Customers are in five
parts; models that saw nothing of a part, neither a label nor a replay, predict the offers of it, so
that every offer is judged once a day, by what became of it within the attribution window.

The rows come once from `redemption_examples`, as of a day long after the year: features are as
known at issue and replays as drawn by hash, so neither depends on T, and an event is visible on T
where its delay is below the age. That this is what the step gives for T is checked on one day.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from alsobought.days import DAY_MICROS, micros
from alsobought.ingest.settings import Sources
from alsobought.learn.arrays import Booleans, Floats
from alsobought.learn.formulas import log_loss
from alsobought.learn.two_stage import Examples, fit_two_stage
from alsobought.runtime import config, session
from alsobought.training.offers.delay_models import CUSTOMER_PARTS, fit_delay_models
from alsobought.training.offers.formulas import fnc_corrected
from alsobought.training.offers.settings import Redemption
from alsobought.training.offers.weight_methods import METHODS, probabilities_for
from benchmarks.redemption import journey, judged
from benchmarks.redemption.journey import Year
from benchmarks.redemption.world import Offers

HOME = Path(__file__).parents[2]
FIRST, EVERY, DAYS = date(2017, 4, 9), 23, 10
"""The first is the first with 500 matured offers; the last leaves sixty days of the data's year."""
LATER = date(2017, 7, 10)
"""From here on 2,000 offers have matured. Chosen after a look at the results."""
FOLDS, DRAWS, NEW_DAYS = 5, 200, 30
TWO_STAGES = ("none", "snapshot_with_engagement", "oracle")
WEIGHABLE, ONLY = ("fsiw", "snapshot_with_engagement"), ", weighable"
"""Shown also without the offers so young that F_r is below the floor."""
WAITING, ORACLE = "matured_only", "oracle"
NAIVE = ("none", "one")

Form = tuple[str, str]
"""Method (or matured_only, oracle), and the number of stages."""


@dataclass(frozen=True)
class Day:
    """The predictions of one day: of each form, of every offer issued before it."""

    issued: Booleans
    age: Floats
    predicted: dict[Form, Floats]


def predicted(year: Year, day: date, settings: Redemption) -> Day:
    """Every form's predictions of every offer issued before the day, by models of other parts."""
    age = journey.age_on(year, day)
    fold = (year.customer // CUSTOMER_PARTS) % FOLDS  # not the parts that calibrate and judge
    by_form: dict[Form, Floats] = {}
    for part in range(FOLDS):
        test = (age > 0) & (fold == part)
        for form, p in _fold(year, day, (age > 0) & ~test, test, settings):
            by_form.setdefault(form, np.full(len(age), np.nan))[test] = p
    issued = age > 0
    return Day(issued, age[issued], {form: p[issued] for form, p in by_form.items()})


def _fold(
    year: Year, day: date, train: Booleans, test: Booleans, settings: Redemption
) -> Iterator[tuple[Form, Floats]]:
    x = year.offers.features[test]
    for method, examples in _training_sets(year, day, train, settings):
        is_corrected = method in METHODS and METHODS[method].is_corrected
        correction = fnc_corrected if is_corrected else None
        model = fit_two_stage(examples, settings.model, settings.seed, correction=correction)
        p = model.predict(x)
        yield (method, "one"), p.p_redeemed_one_stage
        if method in TWO_STAGES:
            yield (method, "two"), p.p_redeemed


def _training_sets(
    year: Year, day: date, train: Booleans, settings: Redemption
) -> Iterator[tuple[str, Examples]]:
    """What each method makes of the training customers' offers, as visible on the day."""
    offers = Offers(*(array[train] for array in vars(year.offers).values()))
    age, terms = journey.age_on(year, day)[train], settings.terms
    final = ~np.isnan(offers.engaged_after), ~np.isnan(offers.redeemed_after)
    yield ORACLE, Examples(offers.features, *final, np.ones(len(age)))
    old = age >= terms.attribution_days
    yield WAITING, Examples(offers.features[old], final[0][old], final[1][old], np.ones(old.sum()))
    mature = year.replays.issued + terms.attribution_days * DAY_MICROS <= micros(day)
    customers = np.unique(year.customer[train])
    trainable = mature & np.isin(year.replays.history.customer, customers)
    history, encoder = year.replays.history.where(trainable), year.replays.encoder
    names = probabilities_for(METHODS)
    models = fit_delay_models(history, names, terms, encoder)
    visible = offers.visible(age)
    p = {name: models.predict(name, offers.features, age) for name in names}
    for name, method in METHODS.items():
        copies = method.weighted_copies(visible, p, terms)
        every = Examples(
            offers.features[copies.row],
            copies.engaged == 1,
            copies.redeemed == 1,
            copies.weight,
        )
        yield name, every
        if name in WEIGHABLE:
            kept = copies.parts["redemption_visible"] >= terms.floor
            yield name + ONLY, Examples(*(array[kept] for array in vars(every).values()))


def scores(year: Year, days: list[Day], newest: float) -> dict[Form, dict[str, Floats]]:
    """Each form's metrics, means over the days, under every draw; of offers below that age."""
    _, customer = np.unique(year.customer, return_inverse=True)
    drawn = judged.draws(int(customer.max()) + 1, DRAWS, np.random.default_rng(0))
    by_form: dict[Form, list[dict[str, Floats]]] = {}
    for day in days:
        new = day.age < newest
        label = ~np.isnan(year.offers.redeemed_after[day.issued][new])
        weight = drawn[:, customer[day.issued][new]]
        for form, p in day.predicted.items():
            by_form.setdefault(form, []).append(judged.metrics(p[new], label, weight))
    return {form: judged.over_days(days_of_form) for form, days_of_form in by_form.items()}


def shown(by_form: dict[Form, dict[str, Floats]], title: str) -> Table:
    """Values with their bounds, and the differences from naive, worst log-loss first."""
    table = Table(title=title, box=box.MARKDOWN)
    table.add_column("method", no_wrap=True)
    table.add_column("stages", no_wrap=True)
    for name in ("log-loss", "minus naive", "ROC AUC", "minus naive", "PR-AUC", "minus naive",
                 "predicted / actual", "ECE"):  # fmt: skip
        table.add_column(name, justify="right", no_wrap=True)
    naive = by_form[NAIVE]
    for form in sorted(by_form, key=lambda form: -by_form[form]["log_loss"][0]):
        metrics, cells = by_form[form], []
        for name in ("log_loss", "auc", "pr_auc"):
            cells.append(_with_bounds(metrics[name]))
            cells.append("" if form == NAIVE else _with_bounds(metrics[name] - naive[name], "+"))
        cells.append(_with_bounds(metrics["ratio"], digits=2))
        table.add_row(*form, *cells, f"{metrics['ece'][0]:.4f}")
    return table


def _with_bounds(drawn: Floats, sign: str = "", digits: int = 4) -> str:
    it = judged.with_bounds(drawn)
    value, lower, upper = (
        f"{number:{sign}.{digits}f}" for number in (it.value, it.lower, it.upper)
    )
    return f"{value} ({lower} to {upper})"


def by_day(year: Year, days: list[date], predictions: list[Day], newest: float) -> Table:
    """The log-loss of each day, without bounds."""
    forms = sorted(predictions[0].predicted)
    table = Table("day", "offers", *map(" ".join, forms), box=box.MARKDOWN)
    for day, of_day in zip(days, predictions, strict=True):
        new = of_day.age < newest
        label = ~np.isnan(year.offers.redeemed_after[of_day.issued][new])
        losses = [log_loss(label, of_day.predicted[form][new]) for form in forms]
        table.add_row(day.isoformat(), f"{new.sum():,}", *(f"{loss:.4f}" for loss in losses))
    return table


def counted(year: Year, days: list[date], settings: Redemption) -> Table:
    """What there is on each day."""
    columns = ("day", "issued", "matured", "younger than 30 days", "redeem in the end", "visible")
    table = Table(*columns, title="The ten days", box=box.MARKDOWN)
    for day in days:
        age = journey.age_on(year, day)
        issued = age > 0
        redeemed = year.offers.redeemed_after[issued]
        counts = (
            issued.sum(),
            (age >= settings.attribution_days).sum(),
            (issued & (age < NEW_DAYS)).sum(),
            (~np.isnan(redeemed)).sum(),
            (redeemed < age[issued]).sum(),
        )
        table.add_row(day.isoformat(), *(f"{count:,}" for count in counts))
    return table


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="logistic", choices=("logistic", "gradient_boosting"))
    parser.add_argument("--days", type=int, default=DAYS)
    asked = parser.parse_args()
    environment = config.load_sections(HOME, "demo", Redemption, Sources)
    settings = environment.section(Redemption).model_copy(update={"model": asked.model})
    spark = session.build("benchmark", environment.spark)
    with tempfile.TemporaryDirectory() as folder:
        tables = journey.sources(spark, Path(folder), environment.section(Sources))
        year = journey.loaded(tables, settings)
        journey.check(year, tables, settings)
    spark.stop()
    days = [FIRST + timedelta(days=EVERY * i) for i in range(asked.days)]
    console = Console(width=400)
    console.print(counted(year, days, settings))
    predictions = []
    for day in days:
        predictions.append(predicted(year, day, settings))
        sys.stderr.write(f"{day}\n")
    for age, title in {np.inf: "All offers", NEW_DAYS: f"Younger than {NEW_DAYS} days"}.items():
        console.print(shown(scores(year, predictions, age), f"{title}: means over the days"))
        late = [
            prediction for day, prediction in zip(days, predictions, strict=True) if day >= LATER
        ]
        if late:
            console.print(shown(scores(year, late, age), f"{title}: from {LATER} on"))
        console.print(by_day(year, days, predictions, age))


if __name__ == "__main__":
    main()
