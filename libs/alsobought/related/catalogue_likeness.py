"""What the catalogue says of two items: category, maker, titles."""

from collections.abc import Sequence
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

SIZES = (
    "mg g kg oz lb lbs ml cl dl l gal ga qt pt mm cm m in inch ft sq ct count pk pack packs pc pcs "
    "piece pieces x dz dozen s xs xl xxl small medium large"
)
WORD = r"[^\p{L}\p{N}]+"
FACTS = ("category", "maker", "words")


def with_likeness(pairs: DataFrame, items: DataFrame, maker: Sequence[str]) -> DataFrame:
    """The pairs with shared_levels, is_same_category, is_other_category, is_far_category,
    is_same_maker (null: one has none) and likeness (null: one title has no words).

    likeness is Jaccard's coefficient of the titles' distinct words in small letters, without those
    that hold a digit or name a size; so sizes of one product are alike, and flavours nearly so.
    In:   pairs: item_id, related_item_id; `items`; `maker`: brand, or attributes of items.
    Cost: two joins by item.
    """
    described = facts_of(items, maker)
    with_both = pairs
    for end in ("item_id", "related_item_id"):
        of_end = [F.col(name).alias(f"{name}_{end}") for name in FACTS]
        with_both = with_both.join(
            described.select(F.col("item_id").alias(end), *of_end), end, "left"
        )
    (category, other_category), (maker_of, other_maker), (words, other_words) = (
        [F.col(f"{name}_{end}") for end in ("item_id", "related_item_id")] for name in FACTS
    )
    has_both = (F.coalesce(F.size(category), F.lit(0)) > 0) & (
        F.coalesce(F.size(other_category), F.lit(0)) > 0
    )
    is_same = F.coalesce(category == other_category, F.lit(False)) & has_both
    in_common = F.size(F.array_intersect(words, other_words))
    shared = F.when(has_both, _shared_levels(category, other_category)).otherwise(0)
    columns = {
        "shared_levels": shared,
        "is_same_category": is_same,
        "is_other_category": has_both & ~is_same,
        "is_far_category": has_both & (shared == 0),
        "is_same_maker": maker_of == other_maker,
        "likeness": in_common / F.size(F.array_union(words, other_words)),
    }
    return with_both.select(*pairs.columns, *(c.alias(name) for name, c in columns.items()))


def facts_of(items: DataFrame, maker: Sequence[str]) -> DataFrame:
    """item_id, category, maker (null: none) and words (null: none) of each item."""
    words = F.array_distinct(F.split(F.lower("title"), WORD))
    is_word = [F.lit(word) for word in ("", *SIZES.split())]
    said = F.filter(words, lambda word: ~word.isin(*is_word) & ~word.rlike("[0-9]"))
    columns = [F.col("brand") if n == "brand" else F.try_element_at("attributes", F.lit(n))
               for n in maker]  # fmt: skip
    is_whole = reduce(Column.__and__, [column.isNotNull() for column in columns])
    return items.select(
        "item_id",
        "category",
        F.when(is_whole, F.to_json(F.array(*columns))).alias("maker"),
        F.when(F.size(said) > 0, said).alias("words"),
    )


def _shared_levels(category: Column, other: Column) -> Column:
    """How many levels two paths have in common from the widest on; neither is null."""
    levels = F.zip_with(category, other, lambda a, b: F.coalesce(a == b, F.lit(False)))
    first_other = F.array_position(levels, False)
    shorter = F.least(F.size(category), F.size(other))
    return F.when(first_other > 0, (first_other - 1).cast("int")).otherwise(shorter)
