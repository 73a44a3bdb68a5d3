"""What `check` finds in source files: without Spark in their headers, with it in their rows."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce
from operator import attrgetter
from pathlib import Path
from typing import Any

import pyarrow as pa
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from alsobought.errors import Fault, JobError
from alsobought.ingest import files
from alsobought.ingest.proposal import mismatches
from alsobought.ingest.proposal.heads import Head
from alsobought.ingest.proposal.oddities import no_products_of, titles_of
from alsobought.ingest.proposal.roles import ids_of
from alsobought.ingest.proposal.values import ColumnFacts
from alsobought.ingest.rules import FUTURE
from alsobought.ingest.settings import Source
from alsobought.products import Exclusions, are_named
from alsobought.runtime.config import Environment
from alsobought.runtime.faults import sentence
from alsobought.runtime.job import Job
from alsobought.tables.outcome import Outcome

SAMPLE = 20_000  # rows of a source, as many of each file that is looked at
Examples = Mapping[str, tuple[int, str]]


@dataclass(frozen=True)
class FirstRows:
    """The first rows of a source's files on this machine, and what is wrong with them."""

    source: Source
    heads: Sequence[Head]
    faults: Sequence[Fault]
    notes: Sequence[str]

    @property
    def columns(self) -> dict[str, ColumnFacts]:
        """The columns of its first file; those that are mapped to one of ours, by our name."""
        rows = self.heads[0].rows if self.heads else pa.table({})
        return {
            role: ColumnFacts(role, rows[name])
            for role in self.source.columns
            for name in self.source.named(role)[:1]
            if name in rows.column_names
        }

    @property
    def bytes(self) -> int:
        """The size of the files."""
        return sum(path.stat().st_size for head in self.heads for path in head.paths)


@dataclass(frozen=True)
class Judged:
    """What the rules make of the first rows of a source."""

    sentences: Sequence[str]
    examples: Examples
    """Of each reason, how many rows have it, and one of them."""
    faults: Sequence[Fault]


def first_rows(name: str, source: Source, home: Path) -> FirstRows:
    """The first rows of one source. A URI and a Delta table are left to Spark."""
    try:
        path = files.located(source, home)
    except JobError as error:
        return FirstRows(source, [], [Fault(f"sources.{name}.package", *in_parts(error))], [])
    if "://" in path or source.format == "delta":
        return FirstRows(source, [], [], [])
    heads, faults = mismatches.heads_of(name, path)
    faults += mismatches.faults_of(name, source, heads)
    return FirstRows(source, heads, faults, list(mismatches.notes_of(name, source, heads)))


def charges(first: Mapping[str, FirstRows], exclude: Exclusions) -> list[str]:
    """A sentence about the items bought that are likely no products and that nothing excludes.

    Where attributes exclude items, those of the catalogue are left out: these may be excluded.
    """
    bought = first["purchases"].columns if "purchases" in first else {}
    if "item_id" not in bought:
        return []
    catalogue = first["items"].columns if "items" in first else {}
    likely = no_products_of(bought["item_id"], titles_of(catalogue, {r: r for r in catalogue}))
    ids = pa.array([item.item_id for item in likely], pa.string())
    excluded = pa.array(exclude.ids, pa.string())
    if exclude.attributes:
        of_catalogue = ids_of(catalogue["item_id"]) if "item_id" in catalogue else ids
        is_whole = all(head.is_whole for head in first["items"].heads) if "items" in first else True
        excluded = pa.concat_arrays([excluded, of_catalogue if is_whole else ids])
    masks = are_named(ids, excluded, exclude.patterns)
    named = [str(item) for item, is_excluded in zip(likely, masks, strict=True) if not is_excluded]
    return [f"items.exclude: likely no products: {', '.join(named)}."] if named else []


def judged_rows(
    spark: SparkSession, job: Job, environment: Environment, home: Path, as_of: date
) -> Judged:
    """The job's rules on the first rows of its source; nothing is written.

    Cost: of its files the first, the last and the middle one are read, SAMPLE rows in all.
    """
    assert job.source is not None
    key = job.source.name
    try:
        params = environment.params(job.name, job.params)
        source: Source = attrgetter(key)(params)
        listed = files.listed(spark, source, home)
        few = sorted({listed[0], listed[len(listed) // 2], listed[-1]}, key=lambda file: file.path)
        of_each = (
            files.read(spark, source, home, [file]).limit(SAMPLE // len(few)) for file in few
        )
        lines = reduce(lambda a, b: a.unionByName(b, allowMissingColumns=True), of_each)
        name = next(name for name, table in job.reads.items() if table is job.source)
        transformed = job.transform(**{name: lines}, params=params, as_of=as_of)
        judge, account, examples = _account(transformed)
    except JobError as error:
        return Judged([], {}, [Fault(key, *in_parts(error))])
    except (PySparkException, Py4JError) as error:
        return Judged([], {}, [Fault(key, *in_parts(sentence(str(error))))])
    try:
        return Judged(judge(account), examples, [])
    except JobError as error:
        return Judged([], examples, [Fault(key, *in_parts(error))])


def uri_faults(spark: SparkSession, warehouse: str) -> list[Fault]:
    """Whether a warehouse on a URI can be reached."""
    if "://" not in warehouse:
        return []
    path = files.java_virtual_machine(spark).org.apache.hadoop.fs.Path(warehouse)
    try:
        path.getFileSystem(spark.sparkContext._jsc.hadoopConfiguration()).exists(path)
    except Py4JError as error:
        return [Fault("warehouse", *in_parts(sentence(str(error))))]
    return []


def in_parts(said: JobError | str) -> tuple[str, str]:
    """What is wrong and what to do about it, of a sentence that has both."""
    between = next((mark for mark in ("; ", ". ", ": ") if mark in str(said)), "; ")
    wrong, _, cure = str(said).rpartition(between)
    return (wrong, f"{cure[:1].upper()}{cure[1:]}") if wrong else (str(said).rstrip("."), "")


def _account(transformed: Any) -> tuple[Callable[[Any], list[str]], Any, Examples]:
    """The judge of rows, the account that it judges, and an example of each reason."""
    if isinstance(transformed, Outcome):
        assert transformed.account is not None
        counts = transformed.account.collect()[0]
        return transformed.judge, counts, {r: (n, "") for r, n in counts["by_reason"].items()}
    rows = transformed.rows.select("reasons", "row").collect()  # SAMPLE at most
    by_reason = Counter(reason for row in rows for reason in row["reasons"])
    rejected = [row for row in rows if row["reasons"]]
    account = {
        "read": len(rows),
        "good": len(rows) - len(rejected),
        "rejected": len(rejected),
        "ahead": sum(row["reasons"] == [FUTURE] for row in rejected),
        "by_reason": dict(by_reason),
    }
    first = {reason: row["row"] for row in rejected[::-1] for reason in row["reasons"]}
    return transformed.judge, account, {r: (n, first[r]) for r, n in sorted(by_reason.items())}
