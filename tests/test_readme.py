"""What the README promises is what the code has: the graph, the example, the commands."""

import re
import tomllib
from pathlib import Path

from typer.testing import CliRunner

from alsobought.commands.cli import app
from alsobought.copurchase.scores import METRICS
from alsobought.copurchase.settings import Baskets, Lists
from alsobought.ingest.settings import OfferSource, PurchaseSource
from alsobought.learn.splits import Split
from alsobought.runtime import job as jobs
from alsobought.runtime.config import Environment
from alsobought.tables import ALL
from alsobought.tables.table import Table
from alsobought.training.audits.redemption_audits import Bounds
from alsobought.training.offers.settings import Redemption

REPO = Path(__file__).parents[1]
README = (REPO / "README.md").read_text(encoding="utf-8")
KEYS = (REPO / "docs" / "configuration.md").read_text(encoding="utf-8")
JOBS = jobs.all_jobs(REPO)


def names(text):
    return {name.strip() for name in text.split(",")}


def test_the_graph_has_an_arrow_for_every_table_that_a_job_reads_and_no_other():
    drawn = {name: set() for name in ALL}
    for left, right in re.findall(r"^([a-z_, ]+?) +──▶ +([a-z_, ]+)$", README, re.MULTILINE):
        for target in names(right):
            drawn[target] |= names(left) - {"source files"}
    read = {
        name: {source.name for source in job.reads.values() if isinstance(source, Table)}
        for name, job in JOBS.items()
    }
    assert drawn == read


def fitting(environment):
    """The names of the jobs whose sections are there; their parameters are checked."""
    names = [name for name, job in JOBS.items() if not environment.lacks(job.needs)]
    for name in names:
        assert environment.params(name, JOBS[name].params)
    return names


def test_the_example_is_a_complete_environment_for_the_related_items():
    example = re.search(r"```toml\n(.*?)```", README, re.DOTALL)[1]
    environment = Environment.model_validate(tomllib.loads(example))
    assert fitting(environment) == [
        "co_purchases", "item_statistics", "items", "purchases", "rejected_purchases",
        "related_items",
    ]  # fmt: skip


def test_every_key_is_explained():
    sections = [PurchaseSource, OfferSource, Baskets, Lists, Redemption, Split, Bounds]
    keys = {key for section in sections for key in section.model_fields}
    keys |= {key for job in JOBS.values() for key in job.params.model_fields}
    keys -= {"sources", "baskets", "lists", "redemption"}  # sections, explained key by key
    assert [key for key in sorted(keys) if f"`{key}`" not in KEYS] == []


def test_every_metric_and_every_command_is_named():
    assert [metric for metric in METRICS if f"`{metric}`" not in KEYS] == []
    shown = CliRunner().invoke(app, ["--help"]).output
    commands = re.findall(r"^│ ([a-z]+) ", shown, re.MULTILINE)
    assert len(commands) >= 5
    assert [name for name in commands if f"alsobought {name}" not in README] == []


def test_every_environment_fits_its_jobs():
    found = {}
    for path in sorted((REPO / "conf").glob("*.toml")):
        environment = Environment.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
        found[path.stem] = len(fitting(environment))
    assert found == {"cluster": 6, "demo": len(JOBS)}
