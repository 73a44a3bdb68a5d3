"""The contracts: what every table promises, and the check that refuses rows of another shape."""

import pytest
from pyspark.sql.types import ArrayType, LongType, StringType, StructField, StructType

from alsobought.errors import ContractError
from alsobought.tables import ALL
from alsobought.tables.evaluate import EVALUATIONS
from alsobought.tables.purchases import PURCHASES, RETURNED_PURCHASES
from alsobought.tables.recommend import BESTSELLERS
from alsobought.tables.table import Table, column, schema_faults
from tests.rows import rows

PRICES = Table(
    "prices",
    "What an item costs.",
    (
        column("item_id", StringType(), "the item"),
        column("cents", LongType(), "its price"),
        column("shops", ArrayType(StringType()), "who sells it", optional=True),
    ),
    key=("item_id",),
    kept="whole",
)

NULL_IN_KEY = {
    PURCHASES.name: {"order_id"},  # of lines without an order
    RETURNED_PURCHASES.name: {"order_id"},
    BESTSELLERS.name: {"customer_id"},  # the list is every customer's
    EVALUATIONS.name: {"compared_with"},  # the row is a value, not a difference
}


@pytest.mark.parametrize("table", ALL.values(), ids=ALL)
def test_every_column_says_what_it_means(table):
    assert [f.name for f in table.stored if not f.metadata.get("comment", "").strip()] == []
    assert table.meaning.endswith(".")


@pytest.mark.parametrize("table", ALL.values(), ids=ALL)
def test_key_order_and_columns_fit_together(table):
    stored = {field.name: field for field in table.stored}
    assert len(stored) == len(table.stored)
    assert set(table.key) <= stored.keys()
    assert {name for name in table.key if stored[name].nullable} == NULL_IN_KEY.get(
        table.name, set()
    )
    assert set(table.sorted_by) | set(table.skipped_by or ()) <= set(table.names)
    assert ("as_of" in stored) == (table.kept == "per_as_of") == (table.key[0] == "as_of")


@pytest.mark.parametrize("table", ALL.values(), ids=ALL)
def test_every_check_is_a_condition_on_the_tables_own_columns(spark, table):
    asked = spark.createDataFrame([], table.stored).selectExpr(*table.checks.values())
    assert {kind for _, kind in asked.dtypes} == {"boolean"}


def test_columns_come_in_the_tables_order_with_their_comments(frame):
    made = PRICES.conform(
        frame("shops array<string>, cents bigint, item_id string", (None, 5, "tea"))
    )
    assert made.columns == ["item_id", "cents", "shops"]
    assert made.schema["cents"].metadata == {"comment": "its price"}
    assert rows(made) == [("tea", 5, None)]


def test_every_fault_of_the_shape_is_named_at_once(frame):
    made = frame("Item_id string, cents int, shops array<int>", ("tea", 5, [1]))
    with pytest.raises(ContractError) as refused:
        PRICES.conform(made)
    assert str(refused.value) == (
        "prices: cents is int, not bigint; extra Item_id; missing item_id; "
        "shops is array<int>, not array<string>."
    )


def test_a_type_is_compared_to_its_depths():
    def schema(kind):
        return StructType([StructField("a", ArrayType(StructType([StructField("b", kind)])))])

    assert schema_faults(schema(LongType()), schema(LongType())) == []
    assert schema_faults(schema(LongType()), schema(StringType())) == [
        "a is array<struct<b:string>>, not array<struct<b:bigint>>"
    ]
