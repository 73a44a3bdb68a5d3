"""Training examples as a trainer reads them: one column per feature, rows shuffled, in shards."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import DoubleType, StructField

from alsobought.errors import JobError
from alsobought.sampling import bucket
from alsobought.tables.table import Table, column

FEATURE = "feature_"  # begins the name of every feature's column
MOST_FEATURES = 5_000
IDS = ("example_id", "copy", "customer_id", "item_id")
ANSWERS = ("engaged", "label", "weight", "log_q", "split")


def rows_of_method(rows: DataFrame, method: str | None) -> tuple[DataFrame, str]:
    """The rows of one method, and its name; the only one there is where None is asked for.

    Raises JobError where there is no such method, or where there are several to choose from.
    """
    methods = sorted(row["method"] for row in rows.select("method").distinct().collect())
    if method is None and len(methods) > 1:
        raise JobError(
            f"There are several methods, choose one with --method: {', '.join(methods)}."
        )
    chosen = method or methods[0]
    if chosen not in methods:
        raise JobError(f"There is no method {chosen!r}; there are: {', '.join(methods)}.")
    return rows.where(F.col("method") == chosen), chosen


def feature_names(rows: DataFrame) -> list[str]:
    """Every name in `features`, sorted. Cost: one scan; the driver holds the names alone.

    Raises JobError where they cannot be columns: too many, or alike but for their case.
    """
    keys = rows.select(F.explode(F.map_keys("features")).alias("name")).distinct()
    names = sorted(row["name"] for row in keys.limit(MOST_FEATURES + 1).collect())
    if len(names) > MOST_FEATURES:
        raise JobError(
            f"There are more than {MOST_FEATURES:,} features, too many for a column each: "
            f"group the rare values of the categories before they become features."
        )
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(name.lower(), name)
        if other != name:
            raise JobError(f"The features {other!r} and {name!r} differ only in case: rename one.")
    return names


def in_shards(rows: DataFrame, names: list[str], shards: int) -> DataFrame:
    """`rows` with a double column per feature (absent: 0), in `shards` partitions, shuffled.

    A row's shard and its place in it come from hashes of its id, so the same rows make the same
    shards, and every shard is a fair sample of all rows, about as large as any other.
    Cost: one shuffle of the rows as they are stored, one sort within each shard.
    """
    shard = bucket(F.xxhash64("example_id", "copy"), shards).cast("int")
    place = F.xxhash64("copy", "example_id")
    shuffled = rows.repartitionById(shards, shard).sortWithinPartitions(place, "example_id", "copy")
    return shuffled.select(*IDS, *(_feature(name) for name in names), *ANSWERS)


def _feature(name: str) -> Column:
    value = F.try_element_at("features", F.lit(name))
    return F.coalesce(value, F.lit(0.0)).alias(FEATURE + name)


def shard_columns(table: Table, names: list[str]) -> list[StructField]:
    """The columns of the shards, in order, each with its meaning."""
    of_table = {field.name: field for field in table.columns}
    features = [column(FEATURE + name, DoubleType(), f"the feature {name}") for name in names]
    return [*(of_table[name] for name in IDS), *features, *(of_table[name] for name in ANSWERS)]
