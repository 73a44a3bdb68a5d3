"""The arguments that a job file takes, as do the commands that run jobs."""

from datetime import date
from typing import Annotated

import typer

from alsobought.errors import ConfigError, JobError
from alsobought.runtime import config, home


def environments(incomplete: str) -> list[str]:
    """The environments whose names begin so, for a shell to complete."""
    try:
        return [name for name in config.environments(home.find()) if name.startswith(incomplete)]
    except JobError:
        return []


ENV_HELP = "An environment: the name of a file in conf/."
Env = Annotated[str, typer.Option(help=ENV_HELP, autocompletion=environments)]
EnvArgument = Annotated[str, typer.Argument(help=ENV_HELP, autocompletion=environments)]
AsOf = Annotated[
    str, typer.Option(metavar="YYYY-MM-DD", help="Use what happened before this day, UTC.")
]
Reload = Annotated[
    bool, typer.Option("--reload", help="Read all source files again, also unchanged ones.")
]
PinInputs = Annotated[
    bool,
    typer.Option(
        "--pin-inputs",
        help="Read the versions of tables that the last run for this day had read.",
    ),
]
Debug = Annotated[bool, typer.Option("--debug", help="Show Spark's log and the whole traceback.")]


def day(text: str) -> date:
    """The day that `text` names. Raises ConfigError where it names none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"--as-of {text!r} is not a day: write it as 2017-12-01.") from None
