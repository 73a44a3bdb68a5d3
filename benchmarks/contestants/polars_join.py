"""polars: integer codes, a self-join, first-order E, the best by a sorted rank, Parquet."""

import os
from typing import Any

from benchmarks.contestants import TOP, Task, files


def ready(task: Task) -> Any:
    os.environ["POLARS_MAX_THREADS"] = str(task.cores)
    import polars

    return polars


def run(task: Task, pl: Any) -> None:
    lines = pl.scan_parquet(files(task.purchases)).select("customer_id", "item_id").collect()
    items = lines.select("item_id").unique().sort("item_id").with_row_index("x")
    owned = (
        lines.join(items, on="item_id")
        .select(pl.col("customer_id").rank("dense").cast(pl.UInt32).alias("c"), "x")
        .unique()
    )
    rows = best(pl, with_evidence(pl, pair_counts(pl, owned, task.support), statistics(pl, owned)))
    named = rows.join(items, on="x").join(
        items.rename({"x": "y", "item_id": "related_item_id"}), on="y"
    )
    named.drop("x", "y").write_parquet(f"{task.out}/part-0.parquet")


def pair_counts(pl: Any, owned: Any, support: int) -> Any:
    """x, y, both >= support, in both directions."""
    left, right = owned.lazy(), owned.lazy().rename({"x": "y"})
    pairs = (
        left.join(right, on="c")
        .filter(pl.col("x") < pl.col("y"))
        .group_by("x", "y")
        .agg(pl.len().alias("both"))
        .filter(pl.col("both") >= support)
        .collect(engine="streaming")
    )
    return pl.concat([pairs, pairs.select(pl.col("y").alias("x"), pl.col("x").alias("y"), "both")])


def statistics(pl: Any, owned: Any) -> Any:
    """x, buyers, others, share, units."""
    size = pl.len().over("c").cast(pl.Float64)
    with_sizes = owned.with_columns(size.alias("size")).group_by("x")
    per_item = with_sizes.agg(pl.len().alias("buyers"), (pl.col("size") - 1).sum().alias("others"))
    return per_item.with_columns(
        (pl.col("buyers") / owned.height).alias("share"),
        pl.lit(owned["c"].n_unique()).alias("units"),
    )


def with_evidence(pl: Any, pairs: Any, items: Any) -> Any:
    """The pairs with n_x, n_y, n, E = P_y sum |c|, and the score."""
    related = items.select(
        pl.col("x").alias("y"), pl.col("buyers").alias("related_buyers"), "share"
    )
    joined = pairs.join(items.drop("share"), on="x").join(related, on="y")
    both, expected = pl.col("both"), pl.col("expected")
    return joined.with_columns((pl.col("share") * pl.col("others")).alias("expected")).with_columns(
        ((both - expected) / expected.sqrt()).alias("score")
    )


def best(pl: Any, evidence: Any) -> Any:
    """The best of each item by score, ties to the smaller id."""
    order = evidence.sort("x", "score", "y", descending=[False, True, False])
    return order.group_by("x", maintain_order=True).head(TOP).drop("others", "share")
