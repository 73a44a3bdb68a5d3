"""What a shell completes: jobs, metrics, markets, models, items; nothing where all is not well."""

import functools
from collections.abc import Callable
from pathlib import Path

import typer

from alsobought.copurchase.scores import NAMES
from alsobought.errors import JobError
from alsobought.runtime import config, home
from alsobought.runtime.warehouse import Warehouse, quoted

SHOWN = 20

Completion = Callable[[typer.Context, str], list[str]]


def _quietly(complete: Completion) -> Completion:
    """The completion, and nothing where the project or its tables cannot be read."""

    @functools.wraps(complete)
    def quiet(ctx: typer.Context, incomplete: str) -> list[str]:
        try:
            return complete(ctx, incomplete)
        except JobError:
            return []

    return quiet


@_quietly
def jobs(ctx: typer.Context, incomplete: str) -> list[str]:
    """The jobs whose names begin so."""
    names = sorted(path.stem for path in (home.find() / "jobs").glob("*.py"))
    return [name for name in names if name.startswith(incomplete)]


@_quietly
def metrics(ctx: typer.Context, incomplete: str) -> list[str]:
    """The metrics whose names begin so."""
    return [metric for metric in NAMES if metric.startswith(incomplete)]


@_quietly
def markets(ctx: typer.Context, incomplete: str) -> list[str]:
    """The markets of the related items whose names begin so."""
    return _values(ctx, "market", "related_items", incomplete)


@_quietly
def models(ctx: typer.Context, incomplete: str) -> list[str]:
    """The models that evaluations have judged whose names begin so."""
    return _values(ctx, "model", "evaluations", incomplete)


@_quietly
def list_models(ctx: typer.Context, incomplete: str) -> list[str]:
    """The models of recommendations whose names begin so."""
    return _values(ctx, "model", "recommendations", incomplete)


@_quietly
def items(ctx: typer.Context, incomplete: str) -> list[str]:
    """The items of the catalogue whose ids begin so."""
    return _values(ctx, "item_id", "items", incomplete)


def _values(ctx: typer.Context, column: str, table: str, incomplete: str) -> list[str]:
    """The values that begin so, in the environment that the command line names, or the default."""
    root: Path = home.find()
    environment = config.load_sections(root, ctx.params.get("env") or "demo")
    rows = Warehouse.of(root, environment).rows(
        f"SELECT DISTINCT {column} FROM {table} WHERE starts_with({column}, {quoted(incomplete)})"
        f" ORDER BY {column} LIMIT {SHOWN}",
        table,
    )
    return [row[column] for row in rows if row[column].isprintable()]  # a line each, to the shell
