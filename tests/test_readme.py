"""What the README promises is what the code has: the graph, the example, the commands."""

import re
import tomllib
from pathlib import Path

from typer.testing import CliRunner

from alsobought.copurchase.scores import METRICS
from alsobought.runtime import job as jobs
from alsobought.runtime.cli import app
from alsobought.runtime.config import Environment
from alsobought.tables import ALL, Table

REPO = Path(__file__).parents[1]
README = (REPO / "README.md").read_text(encoding="utf-8")


def names(text):
    return {name.strip() for name in text.split(",")}


def test_the_graph_has_an_arrow_for_every_table_that_a_job_reads_and_no_other():
    drawn = {name: set() for name in ALL}
    for left, right in re.findall(r"^([a-z_, ]+?) +──▶ +([a-z_, ]+)$", README, re.MULTILINE):
        for target in names(right):
            drawn[target] |= names(left) - {"source files"}
    read = {
        name: {source.name for source in job.reads.values() if isinstance(source, Table)}
        for name, job in jobs.all_jobs(REPO).items()
    }
    assert drawn == read


def test_the_example_is_a_complete_environment_and_its_keys_are_explained():
    example = re.search(r"```toml\n(.*?)```", README, re.DOTALL)[1]
    environment = Environment.model_validate(tomllib.loads(example))
    for name, job in jobs.all_jobs(REPO).items():
        environment.params(name, job.params)
    table = README[README.index("### Every key") :]
    sections = [environment.sources.purchases, environment.baskets, environment.lists]
    keys = {key for section in sections for key in type(section).model_fields}
    keys |= {key for job in jobs.all_jobs(REPO).values() for key in job.params.model_fields}
    keys -= {"sources", "baskets", "lists"}  # sections, explained key by key
    assert [key for key in sorted(keys) if f"`{key}`" not in table] == []


def test_every_metric_and_every_command_is_named():
    assert [metric for metric in METRICS if f"`{metric}`" not in README] == []
    shown = CliRunner().invoke(app, ["--help"]).output
    commands = re.findall(r"^│ ([a-z]+) ", shown, re.MULTILINE)
    assert len(commands) >= 5
    assert [name for name in commands if f"alsobought {name}" not in README] == []


def test_every_environment_fits_every_job():
    for path in sorted((REPO / "conf").glob("*.toml")):
        environment = Environment.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
        for name, job in jobs.all_jobs(REPO).items():
            assert environment.params(name, job.params), (path.name, name)
