"""What the values of a column look like: numbers, times, texts, and how they are written."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from alsobought.ingest.proposal.times import (
    ENOUGH,
    Times,
    as_numpy,
    times_of,
    times_of_instants,
)

Kind = Literal["text", "number", "time", "boolean", "nested"]
BLANK = r"^[\s\xa0]*$"
MONEY = r"(?:[€$£]|[A-Z]{3})"
BEFORE = rf"^[\s\xa0]*[-+]?(?:{MONEY}[\s\xa0]*[-+]?)?"
AFTER = rf"(?:[\s\xa0]*{MONEY})?[\s\xa0]*$"
POINT = rf"{BEFORE}(?:(?:\d+|\d{{1,3}}(?:[, '\xa0]\d{{3}})+)(?:\.\d*)?|\.\d+){AFTER}"
COMMA = rf"{BEFORE}(?:(?:\d+|\d{{1,3}}(?:[. '\xa0]\d{{3}})+)(?:,\d*)?|,\d+){AFTER}"
BOOLEANS = {"true", "false", "yes", "no", "t", "f", "y", "n", "1", "0"}  # as Spark reads them


@dataclass(frozen=True)
class ColumnFacts:
    """A column by its distinct values."""

    name: str
    column: pa.ChunkedArray

    @property
    def rows(self) -> int:
        """Rows of the column, with and without a value."""
        return len(self.column)

    @cached_property
    def is_nested(self) -> bool:
        """Whether it holds lists or records, which cannot be mapped."""
        return bool(pa.types.is_nested(self.column.type))

    @cached_property
    def _counted(self) -> tuple[pa.Array, np.ndarray]:
        """The distinct values that say something, as text, and how often each occurs."""
        if self.is_nested:
            return pa.array([], pa.string()), np.zeros(0, np.int64)
        counted = pc.value_counts(self.column.drop_null())
        if isinstance(counted, pa.ChunkedArray):
            counted = counted.combine_chunks()
        texts, counts = counted.field("values").cast(pa.string()), counted.field("counts")
        says_something = pc.invert(pc.match_substring_regex(texts, BLANK))
        return texts.filter(says_something), as_numpy(counts.filter(says_something))

    @property
    def values(self) -> pa.Array:
        """The distinct values as text; blank ones are none."""
        return self._counted[0]

    @property
    def counts(self) -> np.ndarray:
        """How many rows have each of `values`."""
        return self._counted[1]

    @property
    def distinct(self) -> int:
        """The number of distinct values."""
        return len(self.values)

    @property
    def given(self) -> int:
        """The rows that have a value."""
        return int(self.counts.sum())

    @property
    def missing(self) -> int:
        """The rows that have none."""
        return self.rows - self.given

    @cached_property
    def times(self) -> Times | None:
        """The values as times, where they are."""
        kind = self.column.type
        if (pa.types.is_timestamp(kind) or pa.types.is_date(kind)) and self.given:
            return times_of_instants(self.column)
        return times_of(self.values, self.counts) if self.given else None

    @cached_property
    def decimal(self) -> str:
        """ "." or "," where the values are numbers that are written so; "": they are no numbers."""
        kind = self.column.type
        if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
            is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind)
            return "." if is_number or pa.types.is_decimal(kind) else ""
        if self.rows_like(POINT) >= ENOUGH * self.given > 0:
            return "."
        return "," if self.rows_like(COMMA) >= ENOUGH * self.given > 0 else ""

    @cached_property
    def is_whole(self) -> bool:
        """Whether the values are whole numbers."""
        return self.rows_like(r"^\s*[-+]?\d+(?:[.,]0*)?\s*$") >= ENOUGH * self.given > 0

    @cached_property
    def is_boolean(self) -> bool:
        """Whether the values say yes or no as Spark reads it."""
        return 0 < self.distinct <= len(BOOLEANS) and self.words <= BOOLEANS

    @property
    def words(self) -> set[str]:
        """The distinct values in small letters; for columns of few."""
        return {value.strip().lower() for value in self.values.to_pylist()}

    @cached_property
    def codes(self) -> np.ndarray:
        """A number for each row's value; -1 where it has none."""
        indices = pc.dictionary_encode(self.column)
        indices = indices.combine_chunks() if isinstance(indices, pa.ChunkedArray) else indices
        return as_numpy(pc.fill_null(indices.indices, -1)).astype(np.int64)

    def like(self, regex: str) -> pa.Array:
        """Which of the distinct values match."""
        return pc.match_substring_regex(self.values, regex)

    def rows_like(self, regex: str) -> int:
        """How many rows have a value that matches."""
        return int(self.counts[as_numpy(self.like(regex))].sum())

    def most_frequent(self) -> tuple[str, int]:
        """The value that the most rows have, and how many."""
        place = int(self.counts.argmax())
        return self.values[place].as_py(), int(self.counts[place])


def distinct_pairs(*columns: ColumnFacts) -> int:
    """How many combinations of values there are, among the rows that have them all."""
    complete = np.all([column.codes >= 0 for column in columns], axis=0)
    codes = np.zeros(int(complete.sum()), np.int64)
    for column in columns:
        codes = codes * (column.codes.max() + 1) + column.codes[complete]
    return int(pc.count_distinct(pa.array(codes)).as_py())


def determines(ids: ColumnFacts, other: ColumnFacts) -> float:
    """The share of ids of whose rows all have the same value of `other`, about; 1: of all."""
    pairs = distinct_pairs(ids, other)
    return 1 - max(0, pairs - ids.distinct) / max(1, ids.distinct)
