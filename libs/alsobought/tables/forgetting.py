"""Contracts of forgetting customers: who was forgotten, as hashes, and what was removed."""

from pyspark.sql.types import ArrayType, LongType, MapType, StringType

from alsobought.tables.table import Table, column

FORGOTTEN_CUSTOMERS = Table(
    "forgotten_customers",
    "Customers whose source rows are left out from now on, and their offers, as salted hashes.",
    (
        column("kind", StringType(), "customer, offer, or salt: by its hash a wrong salt is told"),
        column(
            "hash",
            StringType(),
            "of the kind and the id, keyed with the salt, which is no part of the table",
        ),
    ),
    key=("kind", "hash"),
    kept="added",
    checks={"kind_known": "kind IN ('customer', 'offer', 'salt')"},
)

FORGETTINGS = Table(
    "forgettings",
    "Every forgetting that came to its end: what was removed, and that nothing was left.",
    (
        column("number", LongType(), "1 is the first"),
        column("customers", ArrayType(StringType()), "their hashes in forgotten_customers, sorted"),
        column(
            "rows",
            MapType(StringType(), LongType()),
            "rows removed from each table's newest version, by its name",
        ),
        column("files", LongType(), "data files that held such rows and were deleted"),
        column(
            "remains",
            LongType(),
            "places in files below the warehouse where an id of theirs still stood; 0: none",
        ),
    ),
    key=("number",),
    kept="added",
    checks={"number_from_one": "number >= 1"},
)
