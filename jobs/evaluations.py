"""How well the lists of earlier days foretold what was bought in the days after them."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from alsobought.evaluate import evaluations as step
from alsobought.evaluate.judged_cut_offs import Inputs
from alsobought.evaluate.settings import JUDGED, Evaluations
from alsobought.runtime.job import EarlierDays, Job
from alsobought.runtime.run import main
from alsobought.tables.copurchase import ITEM_STATISTICS
from alsobought.tables.evaluate import EVALUATIONS
from alsobought.tables.outcome import Outcome
from alsobought.tables.purchases import ITEMS, PURCHASES, RETURNED_PURCHASES
from alsobought.tables.recommend import LIST
from alsobought.tables.stored import DatedRows
from alsobought.tables.table import Table

LISTS = {table.name: table for table in JUDGED}


def evaluations(params: Evaluations, as_of: date, **inputs: Any) -> Outcome:
    """Judge every model's lists of the cut-offs by what each customer bought after them."""
    ours: dict[str, DatedRows] = {n: inputs[n] for n in LISTS if inputs[n] is not None}
    purchases, returned, items, others = (
        inputs[name] for name in ("purchases", "returned", "items", "others")
    )
    tables = Inputs(purchases, returned, items, ours, others, inputs["statistics"])
    return step.evaluations(tables, params, as_of)


def tables_of_others(params: Evaluations) -> Sequence[Table]:
    """Other programs' tables, with the columns that every table of lists has."""
    return [Table(name, "Lists.", LIST, (), "per_as_of") for name in params.others]


JOB = Job(
    evaluations,
    Evaluations,
    {
        "purchases": PURCHASES,
        "returned": RETURNED_PURCHASES,
        "items": ITEMS,
        "statistics": ITEM_STATISTICS,
        **LISTS,
    },
    EVALUATIONS,
    earlier=EarlierDays(
        ("statistics", *LISTS), Evaluations.cut_off_days, tables_of_others, "purchases"
    ),
)

if __name__ == "__main__":
    main(JOB)
