"""What differs between a table as it is stored and its contract, and what migrating does of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql.types import StructField, StructType

from alsobought.tables.table import CONSTRAINT, Table


@dataclass(frozen=True)
class Difference:
    """One difference in words, and the change that ends it; None: only other rows would.

    is_fault: with it the table is neither read nor written by jobs.
    required, check: the column that would be required, or the check that would be made, which rows
    of the table may break.
    """

    words: str
    change: str | None = None
    is_fault: bool = True
    required: str | None = None
    check: str | None = None


def differences(
    table: Table, schema: StructType, properties: Mapping[str, str]
) -> list[Difference]:
    """Every difference between the contract and a table's schema and properties.

    A column that older rows can do without is null in them once it is there. A property of the
    contract that the table has with another value is left to whoever set it.
    """
    contract = {field.name: field for field in table.stored}
    stored = {field.name: field for field in schema}
    return [
        *_of_columns(contract, stored),
        *_of_nulls(contract, stored),
        *_of_properties(table, properties),
    ]


def refusal(table: Table, path: str, differing: Sequence[Difference]) -> str:
    """The sentence of a table that is not as its contract says, with its cure."""
    faults = [difference for difference in differing if difference.is_fault]
    cure = (
        "Run 'alsobought migrate', which changes that, or restore an older version of the table."
        if all(fault.change for fault in faults)
        else f"Restore an older version of the table, or move it away and run the job {table.name} "
        "again."
    )
    return (
        f"{table.name} at {path} is not as its contract says, so another program or version "
        f"changed it: {'; '.join(fault.words for fault in faults)}. {cure}"
    )


def _of_columns(
    contract: Mapping[str, StructField], stored: Mapping[str, StructField]
) -> list[Difference]:
    missing = [
        Difference(f"missing {name}", f"adds {name}" if contract[name].nullable else None)
        for name in contract.keys() - stored.keys()
    ]
    extra = [Difference(f"extra {name}") for name in stored.keys() - contract.keys()]
    other = [
        Difference(
            f"{name} is {stored[name].dataType.simpleString()}, "
            f"not {contract[name].dataType.simpleString()}"
        )
        for name in contract.keys() & stored.keys()
        if contract[name].dataType.simpleString() != stored[name].dataType.simpleString()
    ]
    return sorted([*missing, *extra, *other], key=lambda difference: difference.words)


def _of_nulls(
    contract: Mapping[str, StructField], stored: Mapping[str, StructField]
) -> list[Difference]:
    both = [name for name in contract if name in stored]
    may = [
        Difference(f"{name} may be null", f"{name} is required", required=name)
        for name in both
        if stored[name].nullable and not contract[name].nullable
    ]
    must = [
        Difference(f"{name} may not be null", f"{name} may be null")
        for name in both
        if contract[name].nullable and not stored[name].nullable
    ]
    return may + must


def _of_properties(table: Table, properties: Mapping[str, str]) -> list[Difference]:
    checks = [
        Difference(
            f"the check {name} ({condition}) is missing", f"adds the check {name}", check=name
        )
        for name, condition in table.checks.items()
        if properties.get(CONSTRAINT + name) != condition
    ]
    others = [
        Difference(f"{name} is not set", f"sets {name}", is_fault=False)
        for name in table.properties
        if not name.startswith(CONSTRAINT) and name not in properties
    ]
    return checks + others
