"""The command `promote`: have a day's lists checked, and served where all checks hold."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from pyspark.sql import SparkSession

from alsobought.commands.options import DefaultEnv, LatestDay, RowOptions, command
from alsobought.commands.printing import Id, Number, Text, grid, number, rows_for_programs, say
from alsobought.commands.view import chosen_day
from alsobought.errors import ConfigError, JobError
from alsobought.runtime import config, home, progress, session
from alsobought.runtime import job as jobs
from alsobought.runtime.arguments import day
from alsobought.runtime.job import Job
from alsobought.runtime.journal import new_run_id
from alsobought.runtime.run import Context, context, execute_all, require_writable
from alsobought.runtime.serving import decisions
from alsobought.runtime.warehouse import Row, Warehouse
from alsobought.tables.serving import Decision

EXAMPLES = (
    "alsobought promote --env shop",
    "alsobought promote --env shop --as-of 2026-02-01 --json",
)
HEADINGS = (Text("check"), Number("value"), Number("limit"), Id("holds"))


@dataclass(frozen=True, kw_only=True)
class PromoteOptions(RowOptions):
    """What `promote` takes."""

    env: DefaultEnv = "demo"
    as_of: LatestDay = None


@command
def promote(options: PromoteOptions) -> None:
    """Have a day's lists checked, and served from here on where all checks hold."""
    root = home.find()
    job = jobs.load(root, "promotions")
    warehouse = Warehouse.of(root, config.load_sections(root, options.env))
    as_of = day(chosen_day(warehouse, "related_items", options.as_of))
    where = replace(context(root, options.env, as_of, [job]), run_id=new_run_id())
    if not where.environment.wants(job.writes):
        raise ConfigError(f"conf/{options.env}.toml has no [jobs.promotions]: add it.")
    require_writable(warehouse.path)
    progress.OUT.quiet = True  # what the job prints is printed here, from its row
    spark = session.build(job.name, where.environment.spark, debug=options.debug)
    try:
        decision = decided(job, where, spark)
    finally:
        spark.stop()
    tell(decision, options, as_of)


def decided(job: Job, where: Context, spark: SparkSession) -> Row | None:
    """The decision on the day's lists, as a row of promotions: the one that was added, or the
    refusal that still holds. None: they are served already."""
    before = len(decisions(Warehouse.of(where.home, where.environment)))
    execute_all([job], where, spark)
    warehouse = Warehouse.of(where.home, where.environment)
    number = decision_that_holds(decisions(warehouse), before, where.as_of)
    return None if number is None else _decision(warehouse, number)


def decision_that_holds(so_far: Sequence[Decision], before: int, as_of: date) -> int | None:
    """The number of the decision on the day's lists that holds, of which `before` were there when
    they were looked at. None: the lists are served.

    Where none was added, the lists are either those that are served, or were refused since these
    are.
    """
    of_day = [one for one in so_far if one.decided_as_of == as_of]
    if len(so_far) > before:
        return next((one.number for one in of_day if one.number > before), None)
    changes = [one.number for one in so_far if one.decision != "refused"]
    since = changes[-1] if changes else 0
    refused = [one.number for one in of_day if one.decision == "refused" and one.number > since]
    return refused[-1] if refused else None


def tell(decision: Row | None, options: RowOptions, as_of: date) -> None:
    """Print the decision. Raises JobError with all reasons where the lists are refused."""
    is_for_programs = options.is_for_programs
    if is_for_programs:
        rows_for_programs([] if decision is None else _rows(decision), as_csv=options.as_csv)
    if decision is None:
        say(f"{as_of} is served already.", to_stderr=is_for_programs)
        return
    if not is_for_programs:
        grid(HEADINGS, [_cells(check) for check in decision["checks"]])
    if decision["decision"] == "refused":
        raise JobError(refusal(decision))
    served = f"{as_of} is served from here on, by decision {decision['number']}."
    say(served, to_stderr=is_for_programs)


def _decision(warehouse: Warehouse, number: int) -> Row:
    """The row of promotions of a number that is there."""
    return warehouse.rows(f"SELECT * FROM promotions WHERE number = {number}", "promotions")[0]


def refusal(decision: Row) -> str:
    """The sentence for lists that are not promoted: what stays, and every check that fails."""
    served = decision["served_as_of"]
    stays = f"{served} stays served" if served else "nothing is served"
    reasons = " ".join(decision["reasons"])
    return f"{decision['decided_as_of']} is not promoted, {stays}: {reasons}"


def _rows(decision: Row) -> list[Row]:
    """The decision's checks, for programs."""
    names = ("number", "decided_as_of", "decision", "served_as_of")
    shared = {name: decision[name] for name in names}
    of_check = ("value", "limit", "passed", "reason")
    return [
        shared | {"check": check["name"]} | {name: check[name] for name in of_check}
        for check in decision["checks"]
    ]


def _cells(check: Row) -> list[str]:
    values = ("" if check[name] is None else number(check[name]) for name in ("value", "limit"))
    return [check["name"], *values, "yes" if check["passed"] else "no"]
