"""The command `export`: lists or a training set as files, for other programs."""

import json
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import typer
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from alsobought import __version__
from alsobought.commands import completion
from alsobought.commands.options import Options, Quiet, command
from alsobought.commands.served_lists import Served, pinned, require_one_day
from alsobought.errors import ConfigError, NotFoundError
from alsobought.related.whole_lists import OF_CUSTOMERS, OF_ITEMS, whole_lists
from alsobought.runtime import config, home, progress, session
from alsobought.runtime.arguments import Env, day
from alsobought.runtime.folder import Folder
from alsobought.runtime.run import Context
from alsobought.runtime.store import Read, Store, warehouse_path
from alsobought.runtime.warehouse import Warehouse
from alsobought.tables import ALL
from alsobought.tables.recommend import (
    BESTSELLERS,
    BUY_AGAIN,
    FACTOR_RECOMMENDATIONS,
    RECOMMENDATIONS,
)
from alsobought.tables.related import RELATED_ITEMS
from alsobought.tables.table import Table
from alsobought.training.exports import data_card, shards

EXAMPLES = (
    "alsobought export related_items --env shop --as-of 2026-02-01 --to lists --format jsonl",
    "alsobought export related_items --env shop --served --to lists --metric lift",
    "alsobought export recommendations --env shop --served --to lists --model calibrated",
    "alsobought export training_examples --env demo --as-of 2017-12-01 --to exported",
)
TRAINING_SETS = ("training_examples", "purchase_examples")
CUSTOMERS_TABLES = tuple(
    table.name for table in (RECOMMENDATIONS, BESTSELLERS, BUY_AGAIN, FACTOR_RECOMMENDATIONS)
)
EXPORTED = (RELATED_ITEMS.name, *CUSTOMERS_TABLES, *TRAINING_SETS)
CHOICES = {
    RELATED_ITEMS.name: ("unit", "metric", "relation", "market"),
    **dict.fromkeys(CUSTOMERS_TABLES, ("model", "market")),
}
"""By table, the options that choose lists."""
CHOOSING = ("unit", "metric", "relation", "model", "market", "method", "served")


@dataclass(frozen=True, kw_only=True)
class ExportOptions(Options):
    """What `export` takes."""

    table: Annotated[
        str,
        typer.Argument(help=f"One of {', '.join(EXPORTED)}.", autocompletion=lambda: [*EXPORTED]),
    ]
    env: Env
    as_of: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="The day; or give --served.")
    ] = None
    served: Served = False
    to: Annotated[
        str, typer.Option(help="The folder or URI to write; an export in it is replaced.")
    ]
    shards: Annotated[int, typer.Option(min=1, max=99_999, help="How many files to write.")] = 8
    method: Annotated[
        str | None, typer.Option(help="Whose weights; by default those of the only method.")
    ] = None
    form: Annotated[
        Literal["parquet", "csv", "jsonl"],
        typer.Option("--format", help="Of the files; of training sets parquet alone."),
    ] = "parquet"
    unit: Annotated[str | None, typer.Option(help="Only lists by order, or by customer.")] = None
    metric: Annotated[
        str | None,
        typer.Option(help="Only lists by this score.", autocompletion=completion.metrics),
    ] = None
    relation: Annotated[str | None, typer.Option(help="Only lists of this relation.")] = None
    model: Annotated[
        str | None,
        typer.Option(help="Only lists by this model.", autocompletion=completion.list_models),
    ] = None
    market: Annotated[
        str | None,
        typer.Option(help="Only lists of this market.", autocompletion=completion.markets),
    ] = None
    quiet: Quiet = False


@command
def export(options: ExportOptions) -> None:
    """Write lists or a training set as files, for other programs."""
    _check(options)
    root = home.find()
    environment = config.load_sections(root, options.env)
    served = None
    if options.served:
        served = pinned(Warehouse.of(root, environment), options.table)
        as_of = served.as_of
    else:
        assert options.as_of is not None  # _check has looked
        as_of = day(options.as_of)
    where = Context(root, options.env, environment, as_of)
    spark = session.build("export", where.environment.spark, debug=options.debug)
    try:
        if options.table in TRAINING_SETS:
            write(spark, where, options)
        else:
            write_lists(spark, where, options, served and served.versions[options.table])
    finally:
        spark.stop()


def _check(options: ExportOptions) -> None:
    """Raise ConfigError for a table that is not exported, or an option that it does not have."""
    if options.table not in EXPORTED:
        raise ConfigError(f"{options.table} is not exported; these are: {', '.join(EXPORTED)}.")
    require_one_day(options.served, options.as_of)
    if not options.served and options.as_of is None:
        raise ConfigError("Give --as-of or --served.")
    is_training_set = options.table in TRAINING_SETS
    fitting = ("method",) if is_training_set else (*CHOICES[options.table], "served")
    foreign = [name for name in CHOOSING if name not in fitting]
    given = [f"--{name}" for name in foreign if getattr(options, name)]
    given += ["--format"] if is_training_set and options.form != "parquet" else []
    if given:
        raise ConfigError(f"{options.table} is exported without {', '.join(given)}.")


def write_lists(
    spark: SparkSession, where: Context, options: ExportOptions, version: int | None = None
) -> dict[str, Any]:
    """Write the day's lists at a version (None: the newest) to the folder, one a row; returns the
    card, and prints the sums.

    Raises NotFoundError where there is no such list, JobError where the folder holds anything that
    is not an export.
    """
    folder, table = Folder(spark, options.to), ALL[options.table]
    folder.require_replaceable()
    with progress.shown(spark, f"export of {table.name}") as say:
        store = Store(spark, warehouse_path(where.home, where.environment.warehouse))
        read = store.read(table, where.as_of, version)
        given = {name: getattr(options, name) for name in CHOICES[table.name]}
        chosen = {name: value for name, value in given.items() if value}
        rows = read.rows
        for name, value in chosen.items():
            rows = rows.where(F.col(name) == value)
        if chosen and rows.isEmpty():
            of = ", ".join(f"{name} {value!r}" for name, value in chosen.items())
            raise NotFoundError(f"{table.name} of {where.as_of} has no list of {of}.")
        shape = OF_ITEMS if table is RELATED_ITEMS else OF_CUSTOMERS
        lists = whole_lists(rows, shape, options.shards)
        unfinished = folder.beside("writing")
        if options.form == "csv":
            places = lists.columns[-1]
            lists = lists.withColumn(places, F.to_json(places))
        card = _origin(store, where, table, read) | {"lists": chosen}
        card["shards"] = folder.write_shards(lists, unfinished, options.form)
        folder.write_text(f"{unfinished}/card.json", f"{json.dumps(card, indent=1)}\n")
        folder.replace_with(unfinished)
        count = rows.where("rank = 1").count()
        say(f"{table.name}: {count:,} lists in {len(card['shards'])} files, in {options.to}", [])
    return card


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
