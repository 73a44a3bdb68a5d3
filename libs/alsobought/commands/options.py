"""The options that several commands share, and how a command is made of a dataclass of them."""

import inspect
from collections.abc import Callable
from dataclasses import MISSING, Field, dataclass, fields
from typing import Annotated, Any, TypeVar, get_type_hints

import typer

from alsobought.errors import ConfigError
from alsobought.runtime import progress
from alsobought.runtime.arguments import ENV_HELP, Debug, environments
from alsobought.runtime.faults import guarded

DefaultEnv = Annotated[
    str,
    typer.Option(envvar="ALSOBOUGHT_ENV", help=ENV_HELP, autocompletion=environments),
]
LatestDay = Annotated[
    str | None,
    typer.Option("--as-of", metavar="YYYY-MM-DD", help="The day; by default the latest."),
]


Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but what went wrong.")]


@dataclass(frozen=True, kw_only=True)
class Options:
    """What every command takes; a command's own dataclass adds its arguments and options."""

    debug: Debug = False


@dataclass(frozen=True, kw_only=True)
class RowOptions(Options):
    """What every command takes that prints rows."""

    as_json: Annotated[
        bool, typer.Option("--json", help="Print the rows as a JSON list of objects.")
    ] = False
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the rows as CSV.")] = False

    def __post_init__(self) -> None:
        """Raise ConfigError where both forms are asked for."""
        if self.as_json and self.as_csv:
            raise ConfigError("Give --json or --csv, not both.")

    @property
    def is_for_programs(self) -> bool:
        """Whether programs read what is printed, and not people."""
        return self.as_json or self.as_csv


Given = TypeVar("Given", bound=Options)


def command(function: Callable[[Given], None]) -> Callable[..., None]:
    """The command that Typer runs, made of a function of one dataclass of options.

    Typer makes an argument or option of every parameter of a function, so a command with nine
    options would have nine parameters. Here each field of the dataclass is annotated as such a
    parameter would be, and the returned function has the signature that Typer reads: one
    parameter per field. It calls `function` with the dataclass; a failure ends as one sentence on
    stderr and an exit code, with the whole traceback under --debug.
    """
    (kind,) = (hint for name, hint in get_type_hints(function).items() if name != "return")
    hints = get_type_hints(kind, include_extras=True)
    # --debug, which every command has, is listed last
    ordered = sorted(fields(kind), key=lambda field: field.name == "debug")

    def run(**values: Any) -> None:
        progress.OUT.quiet = values.get("quiet", False)
        with guarded(debug=values["debug"]):
            function(kind(**values))

    run.__name__, run.__doc__, run.__module__ = (
        function.__name__,
        function.__doc__,
        function.__module__,
    )
    run.__annotations__ = {field.name: hints[field.name] for field in ordered}
    signature = inspect.Signature([_parameter(field, hints[field.name]) for field in ordered])
    run.__signature__ = signature  # type: ignore[attr-defined]
    return run


def _parameter(field: "Field[Any]", annotation: Any) -> inspect.Parameter:
    default = inspect.Parameter.empty if field.default is MISSING else field.default
    return inspect.Parameter(
        field.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
    )
