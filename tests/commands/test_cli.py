"""The command's help: every command in it, told alike in both places, and nothing loaded for it."""

import inspect
import shlex
import subprocess
import sys
from datetime import date
from importlib import import_module

import pytest
from typer.testing import CliRunner

from alsobought import __version__
from alsobought.commands.cli import COMMANDS, app, loaded
from alsobought.tables.evaluate import EVALUATIONS
from alsobought.tables.recommend import RECOMMENDATIONS
from tests.commands import serving_tables
from tests.project import REPO

COMMAND_MODULES = REPO / "libs" / "alsobought" / "commands"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_lists_the_first_line_of_each_commands_docstring(name):
    function = getattr(import_module(f"alsobought.commands.{name}"), name)
    assert inspect.getdoc(function).splitlines()[0] == COMMANDS[name]


def test_every_command_is_listed_in_order_with_its_line():
    result = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "200"})
    rows = [line.strip("│ ").split(maxsplit=1) for line in result.output.splitlines()]
    listed = [tuple(row) for row in rows if row and row[0] in COMMANDS]
    assert (result.exit_code, listed) == (0, [*COMMANDS.items()])


def test_a_command_without_a_line_is_not_forgotten():
    """A module of commands/ is a command where it has a function of its own name."""
    modules = {path.stem for path in COMMAND_MODULES.glob("*.py")} - {"__init__", "cli"}
    commands = {
        name for name in modules if hasattr(import_module(f"alsobought.commands.{name}"), name)
    }
    assert commands == set(COMMANDS)


def test_without_arguments_the_help_is_shown():
    result = CliRunner().invoke(app, [])
    assert result.exit_code == 2
    assert "Usage: " in result.output
    assert "show " in result.output


def test_a_mistyped_command_is_answered_with_the_closest():
    result = CliRunner().invoke(app, ["tabels"])
    assert result.exit_code == 2
    assert "Did you mean 'tables'?" in result.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_a_commands_own_help_has_its_docstring_and_its_options(name):
    result = CliRunner().invoke(app, [name, "--help"], env={"COLUMNS": "200"})
    assert result.exit_code == 0
    assert COMMANDS[name] in result.output
    assert "--debug" in result.output


def test_the_help_loads_neither_spark_nor_what_commands_need():
    asked = (
        "import sys; from typer.testing import CliRunner; from alsobought.commands.cli import app; "
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0; "
        "print([name for name in sys.modules if name.split('.')[0] in "
        "('pyspark', 'py4j', 'numpy', 'pyarrow', 'deltalake', 'pydantic', 'matplotlib')])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, check=True
    )
    assert ended.stdout == "[]\n"


def test_completion_offers_the_commands_that_begin_so_with_their_lines():
    completed = CliRunner().invoke(
        app,
        env={"_ALSOBOUGHT_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": "alsobought wh"},
        prog_name="alsobought",
    )
    assert '"why":"Explain why' in completed.output
    assert "show" not in completed.output


def completed(words, **env):
    """What a shell is offered for the last word."""
    result = CliRunner().invoke(
        app,
        env={"_ALSOBOUGHT_COMPLETE": "complete_bash", "COMP_WORDS": words,
             "COMP_CWORD": str(len(words.split()) - 1 + words.endswith(" ")), **env},
        prog_name="alsobought",
    )  # fmt: skip
    return result.output.split()


@pytest.mark.usefixtures("warehouse")
def test_completion_offers_jobs_environments_metrics_markets_and_items(tmp_path):
    (tmp_path / "jobs" / "related_items.py").touch()
    assert completed("alsobought run rel") == ["related_items"]
    assert completed("alsobought run items --env ") == ["test"]
    assert completed("alsobought plan te") == ["test"]
    assert completed("alsobought show tea --metric l") == ["lift", "log_likelihood_ratio"]
    assert completed("alsobought show tea --env test --market a") == ["all"]
    assert completed("alsobought show --env test s") == ["soy"]
    assert completed("alsobought why tea --env test h") == ["honey"]
    assert completed("alsobought show --env night s") == []


def test_completion_offers_models(catalogue):
    judged = {
        "cut_off": date(2024, 1, 1), "items": "all", "segment_by": "everyone", "segment": "all",
        "metric": "hit", "k": 6, "customers": 1, "value": 0.5,
    }  # fmt: skip
    rows = [judged | {"model": model} for model in ("sum", "als", "atd")]
    serving_tables.write(catalogue, EVALUATIONS, rows, date(2024, 2, 1))
    rows = serving_tables.recommended("ann", "tea")
    serving_tables.write(catalogue, RECOMMENDATIONS, rows, date(2024, 2, 1))
    assert completed("alsobought compare --env test a") == ["als", "atd"]
    assert completed("alsobought compare als --env test s") == ["sum"]
    assert completed("alsobought recommend ann --env test --model c") == ["calibrated"]


def test_the_version():
    result = CliRunner().invoke(app, ["--version"])
    assert (result.exit_code, result.output) == (0, f"alsobought {__version__}\n")


def test_the_help_tells_the_exit_codes():
    result = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "200"})
    told = " ".join(result.output.split())
    assert (
        "Exit codes: 0 done; 1 failed, in one sentence on stderr; 2 a command line that is not "
        "understood; 3 nothing is so called, or there is no list; 4 more than one is, so choose; "
        "130 interrupted."
    ) in told


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_examples_that_its_own_parser_takes(name):
    examples = import_module(f"alsobought.commands.{name}").EXAMPLES
    assert examples
    shown = CliRunner().invoke(app, [name, "--help"], env={"COLUMNS": "200"}).output
    for example in examples:
        assert example in shown
        program, command_name, *words = shlex.split(example)
        assert (program, command_name) == ("alsobought", name)
        loaded(name).make_context(name, words)
