"""Which items lists may show."""

from pyspark.sql import DataFrame

from alsobought.copurchase.settings import Exclusions
from alsobought.recommend.baselines.product_lines import only_products


def listable_items(catalogue: DataFrame, exclude: Exclusions) -> DataFrame:
    """The items that lists may show: available ones that are products.

    In:   `items`. Out: item_id, each once.
    Cost: a scan of the catalogue; where something is excluded, a join by item with what is.
    """
    available = catalogue.where("is_available")
    return only_products(available, exclude, catalogue).select("item_id")
