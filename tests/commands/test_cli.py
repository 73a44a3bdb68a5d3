"""The command's help: every command in it, told alike in both places, and nothing loaded for it."""

import inspect
import subprocess
import sys
from importlib import import_module

import pytest
from typer.testing import CliRunner

from alsobought.commands.cli import COMMANDS, app
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
