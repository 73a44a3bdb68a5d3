"""The purchases that the runs of judged lists had read: what tells a leak from a correction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from alsobought.days import midnight
from alsobought.evaluate.list_rows import Models
from alsobought.tables.stored import DatedRows, PastRows

Made = tuple[str, date]
"""A table and its as-of day."""


@dataclass(frozen=True)
class PurchasesRead:
    """Of tables' days the versions of purchases that they were made of, oldest first.

    One version, where nothing else was loaded between the runs of a day.
    """

    versions: Mapping[Made, Sequence[PastRows]]

    @classmethod
    def of(
        cls, tables: Mapping[str, DatedRows], days: Mapping[str, Sequence[date]]
    ) -> "PurchasesRead":
        """Those of the days that are judged of each table."""
        made_of = ((name, day, tables[name].made_of) for name in tables for day in days[name])
        return cls({(name, day): its.get(day, ()) for name, day, its in made_of})

    def can_tell(self, made: Made) -> bool:
        """Whether all that a table's day was made of is recorded and can be read."""
        versions = self.versions.get(made, ())
        return bool(versions) and all(past.rows is not None for past in versions)

    def lines(self, made: Made) -> list[DataFrame]:
        """The purchases that a table's day was made of, one DataFrame a version; [] where they
        cannot all be read."""
        if not self.can_tell(made):
            return []
        return [past.rows for past in self.versions[made] if past.rows is not None]

    def by_version(self) -> list[tuple[date, list[str], DataFrame]]:
        """Each version that can be read and that tables of a day were made of: the day, these
        tables, its rows."""
        tables: dict[tuple[date, int], list[str]] = {}
        rows: dict[int, DataFrame] = {}
        for (name, day), versions in self.versions.items():
            for past in versions if self.can_tell((name, day)) else ():
                if past.rows is not None:
                    tables.setdefault((day, past.version), []).append(name)
                    rows[past.version] = past.rows
        return [(day, names, rows[number]) for (day, number), names in tables.items()]

    def that_could_leak(self) -> list[Made]:
        """The tables' days whose purchases had rows on or after the day already.

        A night's lists are made before there are such: then nothing could leak, whatever the job
        does. Cost: a look for one such row in each version and day.
        """
        has_later: dict[tuple[int, date], bool] = {}
        for made, versions in self.versions.items():
            for past in versions:
                key = past.version, made[1]
                if past.rows is not None and key not in has_later:
                    later = past.rows.where(F.col("purchased_at") >= midnight(made[1]))
                    has_later[key] = bool(later.take(1))
        return [
            made
            for made, versions in self.versions.items()
            if self.can_tell(made) and any(has_later[past.version, made[1]] for past in versions)
        ]

    def sentences(self) -> list[str]:
        """One for each day on tables of which it cannot be told what they were made of."""
        lost: dict[date, list[str]] = {}
        for name, day in self.versions:
            if not self.can_tell((name, day)):
                lost.setdefault(day, []).append(name)
        return [
            f"{', '.join(names)} of {day}: the purchases that they were made of can no longer be "
            f"read at their version, or are not recorded, so their counts are not proved"
            for day, names in sorted(lost.items())
        ]


def days_of(
    models: Models, tables: Mapping[str, DatedRows], cut_offs: Sequence[date]
) -> dict[str, list[date]]:
    """The days of each table that have a model's lists."""
    places: dict[str, set[int]] = {name: set() for name in tables}
    for model, table in models.tables.items():
        if table in places:
            places[table] |= models.cut_offs[model]
    return {name: [cut_offs[n] for n in sorted(its)] for name, its in places.items()}
