"""Two small tables, and what is asked of the store about them."""

from datetime import date

import pytest
from pyspark.errors import PySparkException
from pyspark.sql.types import DoubleType, LongType, StringType

from alsobought.errors import JobError
from alsobought.runtime.faults import sentence
from alsobought.tables.table import Table, column

STOCK = Table(
    "stock",
    "How much of an item there is.",
    (
        column("item_id", StringType(), "the item"),
        column("pieces", LongType(), "how many lie in the shop"),
        column("weight", DoubleType(), "of one piece, kg", optional=True),
    ),
    key=("as_of", "item_id"),
    kept="per_as_of",
    checks={"not_negative": "pieces >= 0"},
    sorted_by=("item_id",),
)


PRICES = Table(
    "prices",
    "What an item costs.",
    (column("item_id", StringType(), "the item"), column("cents", LongType(), "its price")),
    key=("item_id",),
    kept="whole",
)


COLUMNS = "item_id string, pieces bigint, weight double"


PRICED = "item_id string, cents bigint"


FIRST, SECOND, THIRD = date(2017, 12, 1), date(2017, 12, 2), date(2017, 12, 3)


def refusal(call, *given):
    with pytest.raises((JobError, PySparkException)) as error:
        call(*given)
    return str(error.value) if isinstance(error.value, JobError) else sentence(str(error.value))
