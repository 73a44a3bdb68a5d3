"""What a training set holds, in numbers: the data card, for programs and for people."""

from collections.abc import Mapping, Sequence
from typing import Any

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F
from pyspark.sql.types import StructField

from alsobought.learn.formulas import effective_sample_size

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
ACCURACY = 10_000  # of quantiles: a rank is off by at most rows / ACCURACY
SPLITS = ("train", "validation", "test")
Numbers = dict[str, Any]


def card_numbers(rows: DataFrame) -> Numbers:
    """Counts, label rates and weights of all `rows` and of each split; rates null without rows.

    weighted_label_rate = Σ w·label / Σ w. effective_sample_size = (Σ w)² / Σ w² (Kish, 1965): how
    many rows of equal weight would tell as much. top_1_percent_share: of the total weight, what
    the heaviest 1 % of the rows have. Quantiles are approximate within one row in 10,000.
    Cost: two scans; the driver sees four rows.
    """
    weight = F.col("weight")
    sums = rows.rollup("split").agg(
        F.count(F.lit(1)).alias("rows"),
        F.count_if(F.col("copy") == 0).alias("examples"),
        F.count_distinct("customer_id").alias("customers"),
        F.avg("label").alias("label_rate"),
        F.avg("engaged").alias("engaged_rate"),
        F.sum("weight").alias("weight_sum"),
        F.sum(weight * weight).alias("squares"),
        F.sum(weight * F.col("label")).alias("weight_of_positives"),
        F.min("weight").alias("least"),
        F.max("weight").alias("most"),
        F.percentile_approx("weight", list(QUANTILES), ACCURACY).alias("quantiles"),
    )
    by_split = {row["split"]: _numbers(row) for row in sums.collect() if row["rows"]}
    everything = by_split.pop(None)
    heavy = everything["weight"]["quantiles"]["0.99"]
    above = F.when(weight > heavy, weight)
    top = rows.agg(F.count(above).alias("n"), F.coalesce(F.sum(above), F.lit(0.0)).alias("weight"))
    everything["weight"]["top_1_percent_share"] = _top_share(everything, heavy, top.collect()[0])
    return {"all": everything, **{name: by_split[name] for name in SPLITS if name in by_split}}


def _numbers(row: Row) -> Numbers:
    total, squares = row["weight_sum"], row["squares"]
    quantiles = zip(QUANTILES, row["quantiles"], strict=True)
    return {
        **{name: row[name] for name in ("rows", "examples", "customers")},
        **{name: row[name] for name in ("label_rate", "engaged_rate")},
        "weighted_label_rate": row["weight_of_positives"] / total if total else None,
        "effective_sample_size": effective_sample_size(total, squares),
        "weight": {
            "sum": total,
            "mean": total / row["rows"],
            "min": row["least"],
            "max": row["most"],
            "quantiles": {str(q): value for q, value in quantiles},
        },
    }


def _top_share(everything: Numbers, heavy: float, above: Row) -> float | None:
    """Of the total weight, what 1 % of the rows have: those above `heavy`, then rows at it."""
    total = everything["weight"]["sum"]
    at_it = max(0.0, 0.01 * everything["rows"] - above["n"])
    return (above["weight"] + at_it * heavy) / total if total else None


def card_columns(columns: Sequence[StructField]) -> list[dict[str, str]]:
    """The columns as the card has them: name, type, meaning."""
    return [
        {
            "name": field.name,
            "type": field.dataType.simpleString(),
            "meaning": field.metadata["comment"],
        }
        for field in columns
    ]


def markdown(card: Mapping[str, Any]) -> str:
    """The card for people: what it is, where it comes from, its numbers, its columns."""
    run = card["run"]
    lines = [
        f"# {card['table']}, {card['method']}, as of {card['as_of']}",
        "",
        card["meaning"],
        "",
        f"- {card['numbers']['all']['rows']:,} rows in {len(card['shards'])} shards, "
        f"{sum(shard['bytes'] for shard in card['shards']) / 1e6:,.1f} MB; "
        f"{len(card['features']):,} features",
        f"- from version {card['delta_version']} of the table, written by alsobought "
        f"{run.get('code_version', 'unknown')}, exported by {card['code_version']}",
        *(f"- {name}: {value}" for name, value in run.get("account", {}).items()),
        "",
        "## Numbers",
        "",
        *_number_table(card["numbers"]),
        "",
        "Effective sample size: (Σ w)² / Σ w². The heaviest 1 % of the rows have "
        f"{_cell(card['numbers']['all']['weight']['top_1_percent_share'])} of the total weight. "
        "Quantiles are approximate.",
        "",
        "## Parameters of the run",
        "",
        *(f"- {name}: {value}" for name, value in run.get("parameters", {}).items()),
        "",
        "## Columns",
        "",
        "| column | type | meaning |",
        "|---|---|---|",
        *(
            f"| {_plain(c['name'])} | {c['type']} | {_plain(c['meaning'])} |"
            for c in card["columns"]
        ),
    ]
    return "\n".join(lines) + "\n"


def _number_table(by_split: Mapping[str, Numbers]) -> list[str]:
    head = f"| | {' | '.join(by_split)} |"
    rows = [
        _line(name, [numbers[name] for numbers in by_split.values()])
        for name in by_split["all"]
        if name != "weight"
    ]
    for name in ("sum", "mean", "min", "max"):
        rows.append(
            _line(f"weight: {name}", [numbers["weight"][name] for numbers in by_split.values()])
        )
    for q in map(str, QUANTILES):
        values = [numbers["weight"]["quantiles"][q] for numbers in by_split.values()]
        rows.append(_line(f"weight: quantile {q}", values))
    return [head, "|---" * (len(by_split) + 1) + "|", *rows]


def _line(name: str, values: Sequence[float | None]) -> str:
    return f"| {name.replace('_', ' ')} | {' | '.join(map(_cell, values))} |"


def _cell(value: float | None) -> str:
    if value is None:
        return ""
    return (
        f"{value:,}"
        if isinstance(value, int)
        else f"{value:,.4g}"
        if value < 1e4
        else f"{value:,.0f}"
    )


def _plain(text: str) -> str:
    return "".join(s if s.isprintable() else " " for s in text).replace("|", "\\|")
