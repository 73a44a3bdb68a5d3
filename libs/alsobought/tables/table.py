"""What a table's contract is, and the check that raises when rows do not keep it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, DateType, StructField, StructType

from alsobought.errors import ContractError

CONSTRAINT = "delta.constraints."
LOG_KEPT = {"delta.logRetentionDuration": "interval 800 days"}
"""How long Delta keeps a table's log: it says which run made a day's rows, and which versions it
had read, as long as these days are judged or served."""
Kept = Literal["per_as_of", "whole", "added"]


def column(name: str, kind: DataType, meaning: str, *, optional: bool = False) -> StructField:
    """One documented column; `meaning` travels into Delta as the column comment."""
    return StructField(name, kind, nullable=optional, metadata={"comment": meaning})


@dataclass(frozen=True)
class Table:
    """A table's name, its columns in order, the columns that identify a row, and its checks.

    `kept` says how a run's rows meet the older ones: `per_as_of` replaces the rows of the run's
    as-of day (the store adds the column `as_of` on write and takes it off on read), `whole`
    replaces everything, `added` adds the rows whose key is new and updates those that changed.
    `checks` maps a constraint's name to a SQL condition that every row keeps.
    `skipped_by` names the columns whose least and greatest value Delta keeps of each file, for
    readers to skip files by; None: of the first 32 columns. Each costs time at every write.
    `replaced_by_file` names the time column of a table `added` to whose rows carry `source_file`: a
    run's files replace the rows that they gave before, as far as those lie before the as-of day.
    `may_be_empty` says that a run without rows is a good one; else it is refused.
    `only_with` names the section of the TOML without which there is no such table: jobs that read
    it get None.
    `sorted_by` is the order of rows within a file, so that look-ups can skip most of it.
    `whole_groups` names columns by whose values no task's rows overlap with another's: workers that
    write the files promise readers that each such group lies in one file, in one piece.
    """

    name: str
    meaning: str
    columns: tuple[StructField, ...]
    key: tuple[str, ...]
    kept: Kept
    checks: Mapping[str, str] = field(default_factory=dict)
    sorted_by: tuple[str, ...] = ()
    whole_groups: tuple[str, ...] = ()
    skipped_by: tuple[str, ...] | None = None
    replaced_by_file: str | None = None
    may_be_empty: bool = False
    only_with: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The column names in order, without `as_of`."""
        return tuple(field.name for field in self.columns)

    @property
    def ddl(self) -> str:
        """The columns without `as_of`, as Spark takes a schema in text."""
        return ", ".join(f"{field.name} {field.dataType.simpleString()}" for field in self.columns)

    @property
    def stored(self) -> StructType:
        """The schema as stored in Delta: `as_of` comes first where the table has it."""
        as_of = column("as_of", DateType(), "the run's day; the rows say what was known before it")
        days = (as_of,) if self.kept == "per_as_of" else ()
        return StructType([*days, *self.columns])

    @property
    def properties(self) -> dict[str, str]:
        """Delta's own settings of the table: its checks, and what it keeps of log and files."""
        checks = {CONSTRAINT + name: condition for name, condition in self.checks.items()}
        checks |= LOG_KEPT
        if self.skipped_by is None:
            return checks
        kept = {"delta.dataSkippingStatsColumns": ",".join(self.skipped_by)}
        none = {"delta.dataSkippingNumIndexedCols": "0"}
        return checks | (kept if self.skipped_by else none)

    def conform(self, df: DataFrame) -> DataFrame:
        """`df` with exactly this table's columns, in this table's order.

        Raises ContractError naming every column that is missing, extra or of another type.
        Nothing is cast: a wrong type is a fault to see, not to hide.
        """
        self.require_columns(df.schema)
        return df.select(*(F.col(c.name).alias(c.name, metadata=c.metadata) for c in self.columns))

    def require_columns(self, schema: StructType) -> None:
        """Raise ContractError naming every column that is missing, extra or of another type."""
        faults = schema_faults(StructType(list(self.columns)), schema)
        if faults:
            raise ContractError(f"{self.name}: {'; '.join(faults)}.")


def schema_faults(want: StructType, have: StructType) -> list[str]:
    """Every difference of names and types between two schemas, as short phrases, sorted."""
    contract = {f.name: f.dataType.simpleString() for f in want}
    actual = {f.name: f.dataType.simpleString() for f in have}
    faults = [f"missing {name}" for name in contract.keys() - actual.keys()]
    faults += [f"extra {name}" for name in actual.keys() - contract.keys()]
    faults += [
        f"{name} is {actual[name]}, not {contract[name]}"
        for name in contract.keys() & actual.keys()
        if contract[name] != actual[name]
    ]
    return sorted(faults)
