"""The catalogue as the source has it now."""

from datetime import date

from pyspark import StorageLevel
from pyspark.sql import DataFrame

from alsobought.ingest import account, rules
from alsobought.ingest.settings import Sources
from alsobought.runtime.job import Files, Job
from alsobought.runtime.run import main
from alsobought.settings import Settings
from alsobought.tables.outcome import Outcome
from alsobought.tables.purchases import ITEMS


class Params(Settings):
    sources: Sources


def items(lines: DataFrame, params: Params, as_of: date) -> Outcome:
    """Keep one row per item that has an id; fail where too many rows have none or repeat one."""
    source = params.sources.items
    judged = rules.catalogue(lines, source)
    judged.persist(StorageLevel.DISK_ONLY)  # read twice: to be counted, then to be written
    limits = account.Limits(source, "items", "give every item one row with an id.")
    good = rules.good(judged, ITEMS).repartitionByRange("item_id")
    return Outcome(good, account.counted(lines, judged), limits.judge)


JOB = Job(items, Params, {"lines": Files("items")}, ITEMS)

if __name__ == "__main__":
    main(JOB)
