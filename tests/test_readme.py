"""What README and docs say is what the code has: the graph, the example, the tree, the files."""

import re
import tomllib
from pathlib import Path

from typer.testing import CliRunner

from alsobought.commands.cli import app
from alsobought.copurchase.scores import NAMES
from alsobought.copurchase.settings import Baskets, Lists, Markets
from alsobought.ingest.settings import OfferSource, PurchaseSource, Returns
from alsobought.learn.settings import Split
from alsobought.products import Exclusions, Items
from alsobought.runtime import job as jobs
from alsobought.runtime.config import environment_type, sections_of
from alsobought.tables import ALL
from alsobought.tables.table import Table
from alsobought.training.audits.settings import Bounds
from alsobought.training.offers.settings import Redemption

REPO = Path(__file__).parents[1]
README = (REPO / "README.md").read_text(encoding="utf-8")
ARCHITECTURE = (REPO / "docs" / "architecture.md").read_text(encoding="utf-8")
PACKAGE = REPO / "libs" / "alsobought"
KEYS = (REPO / "docs" / "configuration.md").read_text(encoding="utf-8")
JOBS = jobs.all_jobs(REPO)
BY_COMMANDS = ("forgotten_customers", "forgettings")
ENVIRONMENT = environment_type(sections_of(job.params for job in JOBS.values()))


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
    read |= {job.rejects.name: set() for job in JOBS.values() if job.rejects}
    read |= {name: set() for name in BY_COMMANDS}
    assert drawn == read


def fitting(toml):
    """The names of the jobs whose sections are there; their parameters are checked."""
    raw = tomllib.loads(toml)
    environment = ENVIRONMENT.model_validate(raw)
    environment._raw = raw
    jobs = {name: job for name, job in JOBS.items() if environment.wants(job.writes)}
    names = [name for name, job in jobs.items() if not environment.lacks(job.needs)]
    for name in names:
        assert environment.params(name, JOBS[name].params)
    return names


def test_the_example_is_a_complete_environment_for_the_related_items():
    example = re.search(r"```toml\n(.*?)```", README, re.DOTALL)[1]
    assert fitting(example) == [
        "co_purchases", "item_statistics", "items", "purchases", "related_items",
    ]  # fmt: skip


def test_every_key_is_explained():
    sections = [
        PurchaseSource,
        Returns,
        OfferSource,
        Baskets,
        Items,
        Exclusions,
        Markets,
        Lists,
        Redemption,
        Split,
        Bounds,
    ]
    keys = {key for section in sections for key in section.model_fields}
    keys |= {key for job in JOBS.values() for key in job.params.model_fields}
    keys -= {
        "sources",
        "baskets",
        "items",
        "markets",
        "lists",
        "redemption",
    }  # sections, explained key by key
    assert [key for key in sorted(keys) if f"`{key}`" not in KEYS] == []


def test_every_metric_and_every_command_is_named():
    assert [metric for metric in NAMES if f"`{metric}`" not in KEYS] == []
    shown = CliRunner().invoke(app, ["--help"]).output
    commands = re.findall(r"^│ ([a-z]+) ", shown, re.MULTILINE)
    assert len(commands) >= 5
    assert [name for name in commands if f"alsobought {name}" not in README] == []


def test_every_environment_fits_its_jobs():
    found = {}
    for path in sorted((REPO / "conf").glob("*.toml")):
        found[path.stem] = len(fitting(path.read_text(encoding="utf-8")))
    assert found == {"cluster": 15, "demo": len(JOBS) - 1, "production": 5}


def drawn_tree():
    """Every path of the tree in docs/architecture.md, by its indentation below the others."""
    (tree,) = re.findall(r"^## The tree\n```\n(.*?)```", ARCHITECTURE, re.MULTILINE | re.DOTALL)
    above, paths = {}, []
    for indent, name in re.findall(r"^( *)(\S+)  +\S", tree, re.MULTILINE):
        parent = next((above[depth] for depth in sorted(above)[::-1] if depth < len(indent)), "")
        above = {depth: path for depth, path in above.items() if depth < len(indent)}
        above[len(indent)] = f"{parent}{name}"
        paths.append(f"{parent}{name}")
    return paths


def test_the_tree_has_every_folder_of_code_and_no_other():
    files = [path for kind in ("py", "toml", "md") for path in REPO.glob(f"[a-z]*/*.{kind}")]
    folders = {path.parent for path in [*files, *PACKAGE.rglob("*.py")]}
    modules = [path for path in PACKAGE.glob("*.py") if path.name != "__init__.py"]
    there = [f"{path.relative_to(REPO)}/" for path in folders]
    there += [str(path.relative_to(REPO)) for path in modules]
    assert sorted(drawn_tree()) == sorted(there)


def test_every_file_that_the_architecture_names_is_there():
    named = set(re.findall(r"`([\w/]+\.py)`", ARCHITECTURE))
    assert len(named) > 50
    there = {str(path) for path in REPO.glob("[a-z]*/*.py")}
    there |= {str(path) for path in PACKAGE.rglob("*.py")}
    assert [n for n in sorted(named) if not any(path.endswith(f"/{n}") for path in there)] == []
