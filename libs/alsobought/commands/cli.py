"""The alsobought command: its subcommands by name, each in a module of that name."""

from importlib import import_module
from typing import Annotated, Any

import typer
import typer.main
from typer.core import TyperCommand, TyperGroup

from alsobought import __version__

COMMANDS = {
    "init": "Propose an environment for a shop's files: a TOML with the reason for every guess.",
    "check": "Say whether a run would start: every fault, its key and its cure; writes nothing.",
    "run": "Run jobs, each as spark-submit jobs/JOB.py does, in one Spark session.",
    "plan": "Estimate what counting the pairs would take, before anything is counted.",
    "show": "Print an item's related items, best first, with their evidence.",
    "why": "Explain why an item is, or is not, in another item's list.",
    "recommend": "Print what a customer bought last, and what each model recommends, and why.",
    "compare": "Compare two models by the evaluations: values, differences, what can be concluded.",
    "promote": "Have a day's lists checked, and served from here on where all checks hold.",
    "rollback": "Serve again the lists that were served before, or those of a day; in one commit.",
    "report": "Write a night as a page: whether its lists go out, what they are, what changed.",
    "tables": "Print what each table of an environment holds, and which run wrote it last.",
    "runs": "Print what was run of late: the time it took, and the usual; rows; why it failed.",
    "maintain": "Drop old as-of days, join small files, remove files that nobody needs any more.",
    "migrate": "Give tables of an earlier version the columns and constraints of this one.",
    "rejects": "Print the rows that were rejected: counts by reason, a sample with its lines.",
    "forget": "Remove customers from every table and file, for good, and prove that they are gone.",
    "weights": "Summarise a day's weights: label rates, mean weights, effective sample size.",
    "calibration": "Compare scores with the final labels of offers that no model was trained on.",
    "export": "Write lists or a training set as files, for other programs.",
}
"""The first lines of the commands' docstrings: --help lists them without loading Spark."""
EXIT_CODES = (
    "Exit codes: 0 done; 1 failed, in one sentence on stderr; 2 a command line that is not "
    "understood; 3 nothing is so called, or there is no list; 4 more than one is, so choose; "
    "130 interrupted."
)


class LazyGroup(TyperGroup):
    """The commands of COMMANDS; a command's module is imported when it is called."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        for name, summary in COMMANDS.items():
            self.add_command(TyperCommand(name, help=summary))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that the arguments call, its name, and the arguments that are left."""
        name, _, rest = super().resolve_command(ctx, args)
        return name, None if name is None else loaded(name), rest


def loaded(name: str) -> Any:
    """The command of commands/<name>.py, which is a function of that name."""
    module = import_module(f"alsobought.commands.{name}")
    single = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    examples = "\n\n".join(["Examples:", *getattr(module, "EXAMPLES", ())])
    single.command(name, epilog=examples)(getattr(module, name))
    return typer.main.get_command(single)


app = typer.Typer(
    cls=LazyGroup, no_args_is_help=True, pretty_exceptions_enable=False, epilog=EXIT_CODES
)


def _say_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"alsobought {__version__}")
        raise typer.Exit


@app.callback()
def _about(
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=_say_version, is_eager=True),
    ] = False,
) -> None:
    """Co-purchase statistics, related items and weighted training sets, as Delta tables."""


def main() -> None:
    """Entry point of the alsobought command."""
    app()
