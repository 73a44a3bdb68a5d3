"""Every good redemption of the source."""

from datetime import date

from pydantic import BaseModel, ConfigDict
from pyspark import StorageLevel
from pyspark.sql import DataFrame

from alsobought.ingest import account, events, rules
from alsobought.ingest.source import Sources, given
from alsobought.runtime.job import Files, Job, Outcome
from alsobought.runtime.run import main
from alsobought.tables import REDEMPTIONS


class Params(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    sources: Sources


def redemptions(lines: DataFrame, params: Params, as_of: date) -> Outcome:
    """Keep the rows that break no rule; fail where too many do."""
    source = given(params.sources.redemptions)
    judged = events.redemptions(lines, source, as_of).select(*REDEMPTIONS.names, rules.REASONS)
    judged.persist(StorageLevel.DISK_ONLY)  # read twice: to be counted, then to be written
    limits = account.Limits(source, "redemptions", "run the job rejected_events to see them.")
    return Outcome(rules.good(judged, REDEMPTIONS), account.counted(lines, judged), limits.judge)


JOB = Job(redemptions, Params, {"lines": Files("redemptions")}, REDEMPTIONS)

if __name__ == "__main__":
    main(JOB)
