"""What migrating can end, and what only other rows can."""

from pyspark.sql.types import DoubleType, LongType, StringType, StructField, StructType

from alsobought.tables.differences import Difference, differences, refusal
from alsobought.tables.table import CONSTRAINT, Table, column

PRICES = Table(
    "prices",
    "What an item costs.",
    (
        column("item_id", StringType(), "the item"),
        column("cents", LongType(), "its price", optional=True),
        column("weight", DoubleType(), "kg", optional=True),
    ),
    key=("item_id",),
    kept="whole",
    checks={"not_negative": "cents >= 0"},
)
LOG = "delta.logRetentionDuration"


def stored(*columns):
    return StructType([StructField(*column) for column in columns])


def test_a_table_as_its_contract_says_differs_in_nothing():
    assert differences(PRICES, PRICES.stored, PRICES.properties) == []
    # who keeps the log for longer, or asks for more, may do so
    others = PRICES.properties | {LOG: "interval 9999 days", CONSTRAINT + "cheap": "cents < 9"}
    assert differences(PRICES, PRICES.stored, others) == []


def test_what_migrating_ends():
    before = stored(("item_id", StringType(), True), ("weight", DoubleType(), False))
    found = differences(PRICES, before, {CONSTRAINT + "not_negative": "cents > 0"})
    assert found == [
        Difference("missing cents", "adds cents"),
        Difference("item_id may be null", "item_id is required", required="item_id"),
        Difference("weight may not be null", "weight may be null"),
        Difference(
            "the check not_negative (cents >= 0) is missing",
            "adds the check not_negative",
            check="not_negative",
        ),
        Difference(f"{LOG} is not set", f"sets {LOG}", is_fault=False),
    ]
    assert refusal(PRICES, "/w/prices", found) == (
        "prices at /w/prices is not as its contract says, so another program or version changed "
        "it: missing cents; item_id may be null; weight may not be null; the check not_negative "
        "(cents >= 0) is missing. Run 'alsobought migrate', which changes that, or restore an "
        "older version of the table."
    )


def test_what_only_other_rows_end():
    before = stored(
        ("cents", DoubleType(), True), ("weight", DoubleType(), True), ("shop", StringType(), True)
    )
    found = differences(PRICES, before, PRICES.properties)
    assert found == [
        Difference("cents is double, not bigint"),
        Difference("extra shop"),
        Difference("missing item_id"),
    ]
    assert refusal(PRICES, "/w/prices", found).endswith(
        "Restore an older version of the table, or move it away and run the job prices again."
    )
