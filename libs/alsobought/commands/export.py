"""The command `export`: a training set as Parquet shards with a data card."""

import json
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from pyspark.sql import SparkSession

from alsobought import __version__
from alsobought.commands.options import Options, command
from alsobought.errors import ConfigError
from alsobought.runtime import config, home, progress, session
from alsobought.runtime.arguments import AsOf, Env, day
from alsobought.runtime.folder import Folder
from alsobought.runtime.run import Context
from alsobought.runtime.store import Read, Store, warehouse_path
from alsobought.tables import ALL
from alsobought.tables.table import Table
from alsobought.training.exports import data_card, shards

EXPORTED = ("training_examples", "purchase_examples")


@dataclass(frozen=True, kw_only=True)
class ExportOptions(Options):
    """What `export` takes."""

    table: Annotated[str, typer.Argument(help=f"One of {', '.join(EXPORTED)}.")]
    env: Env
    as_of: AsOf
    to: Annotated[
        str, typer.Option(help="The folder or URI to write; an export in it is replaced.")
    ]
    shards: Annotated[int, typer.Option(min=1, max=99_999, help="How many files to write.")] = 8
    method: Annotated[
        str | None, typer.Option(help="Whose weights; by default those of the only method.")
    ] = None


@command
def export(options: ExportOptions) -> None:
    """Write a training set as Parquet shards, with a data card."""
    if options.table not in EXPORTED:
        raise ConfigError(f"{options.table} is not a training set: name {' or '.join(EXPORTED)}.")
    root, as_of = home.find(), day(options.as_of)
    where = Context(root, options.env, config.load_sections(root, options.env), as_of)
    spark = session.build("export", where.environment.spark, debug=options.debug)
    try:
        write(spark, where, options)
    finally:
        spark.stop()


def write(spark: SparkSession, where: Context, options: ExportOptions) -> dict[str, Any]:
    """Write the table's rows of the day to the folder; returns its card, and prints its sums.

    A reader of the folder sees the old export or the new one. Raises JobError where it holds
    anything that is not an export.
    """
    table = ALL[options.table]
    folder = Folder(spark, options.to)
    folder.require_replaceable()
    with progress.shown(spark, f"export of {table.name}") as say:
        store = Store(spark, warehouse_path(where.home, where.environment.warehouse))
        read = store.read(table, where.as_of)
        rows, method = shards.rows_of_method(read.rows, options.method)
        features = shards.feature_names(rows)
        unfinished = folder.beside("writing")
        sharded = shards.in_shards(rows, features, options.shards)
        card = {
            **_origin(store, where, table, read),
            "method": method,
            "shards": folder.write_shards(sharded, unfinished),
            "numbers": data_card.card_numbers(rows),
            "feature_prefix": shards.FEATURE,
            "features": features,
            "columns": data_card.card_columns(shards.shard_columns(table, features)),
        }
        text = json.dumps(card, indent=1, ensure_ascii=False)
        folder.write_text(f"{unfinished}/card.json", f"{text}\n")
        folder.write_text(f"{unfinished}/card.md", data_card.markdown(card))
        folder.replace_with(unfinished)
        say(*_outcome(card, options.to))
    return card


def _outcome(card: dict[str, Any], to: str) -> tuple[str, list[str]]:
    """What was written, in one line and one sentence."""
    numbers = card["numbers"]["all"]
    weighted = numbers["weighted_label_rate"]
    rate = "unknown, as no row weighs anything" if weighted is None else f"{weighted:.2%}"
    return (
        f"{card['table']}: {numbers['rows']:,} rows in {len(card['shards'])} shards, in {to}",
        [
            f"method {card['method']}, {len(card['features']):,} features, "
            f"label rate {numbers['label_rate']:.2%}, weighted {rate}, "
            f"effective sample size {numbers['effective_sample_size']:,.0f}"
        ],
    )


def _origin(store: Store, where: Context, table: Table, read: Read) -> dict[str, Any]:
    """Where the rows come from: the table's version, and the run that wrote the day, if known."""
    return {
        "table": table.name,
        "meaning": table.meaning,
        "as_of": where.as_of.isoformat(),
        "delta_version": read.version,
        "code_version": __version__,
        "run": store.run_of_day(table, where.as_of, read.version),
    }
