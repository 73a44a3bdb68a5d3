"""A command made of a dataclass: what Typer sees of it, and what the function gets."""

import inspect
from dataclasses import dataclass
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from alsobought.commands.options import Options, Quiet, command
from alsobought.errors import ConfigError, JobError
from alsobought.runtime import progress
from alsobought.runtime.arguments import day


@dataclass(frozen=True, kw_only=True)
class GreetingOptions(Options):
    """An argument and two options."""

    name: Annotated[str, typer.Argument(help="Whom to greet.")]
    times: Annotated[int, typer.Option(min=1, help="How often.")] = 1
    loud: Annotated[bool, typer.Option("--loud", help="In capitals.")] = False


@command
def greet(options: GreetingOptions) -> None:
    """Greet somebody."""
    if options.name == "nobody":
        raise JobError("There is nobody to greet.")
    greeting = f"Hello, {options.name}!" * options.times
    typer.echo(greeting.upper() if options.loud else greeting)


app = typer.Typer()
app.command()(greet)


def invoked(*words):
    result = CliRunner().invoke(app, words)
    return result.exit_code, result.stdout, result.stderr


def test_the_function_gets_its_fields_and_their_defaults():
    assert invoked("Ann") == (0, "Hello, Ann!\n", "")
    assert invoked("Ann", "--times", "2", "--loud") == (0, "HELLO, ANN!HELLO, ANN!\n", "")


def test_a_fields_annotation_is_checked_by_typer():
    assert invoked("Ann", "--times", "0")[0] == 2
    assert invoked()[0] == 2


def test_the_signature_has_a_parameter_per_field_and_debug_last():
    parameters = inspect.signature(greet).parameters
    assert [(name, p.default) for name, p in parameters.items()] == [
        ("name", inspect.Parameter.empty),
        ("times", 1),
        ("loud", False),
        ("debug", False),
    ]
    assert (greet.__name__, greet.__doc__) == ("greet", "Greet somebody.")


def test_a_failure_is_one_sentence_and_with_debug_the_traceback_comes_first():
    assert invoked("nobody") == (1, "", "error: There is nobody to greet.\n")
    code, _, lines = invoked("nobody", "--debug")
    assert (code, lines.splitlines()[-1]) == (1, "error: There is nobody to greet.")
    assert "Traceback (most recent call last)" in lines


@dataclass(frozen=True, kw_only=True)
class QuietOptions(Options):
    """One that may say nothing."""

    quiet: Quiet = False


@command
def whisper(options: QuietOptions) -> None:
    """Tell of a job, and of a failure."""
    progress.OUT.print("a job has ended")
    raise JobError("but badly")


def test_quiet_is_nothing_but_what_went_wrong():
    quiet = typer.Typer()
    quiet.command()(whisper)
    for words, out in (([], "a job has ended\n"), (["-q"], ""), (["--quiet"], "")):
        result = CliRunner().invoke(quiet, words)
        assert (result.exit_code, result.stdout, result.stderr) == (1, out, "error: but badly\n")


def test_a_day_is_parsed_or_refused():
    assert str(day("2017-12-01")) == "2017-12-01"
    with pytest.raises(ConfigError, match="--as-of 'x' is not a day: write it as 2017-12-01"):
        day("x")
