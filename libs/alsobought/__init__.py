"""Co-purchase statistics, related items and weighted training sets, with Spark and Delta."""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_PLACES = {
    "co_purchases": "dataframes",
    "related_items": "dataframes",
    "redemption_weights": "dataframes",
    "After": "copurchase.settings",
    "Baskets": "copurchase.settings",
    "CoPurchases": "copurchase.settings",
    "Exclusions": "products",
    "Items": "products",
    "Lists": "copurchase.settings",
    "Markets": "copurchase.settings",
    "Redemption": "training.offers.settings",
}
__all__ = ["__version__", *_PLACES]


def __getattr__(name: str) -> Any:
    """What a notebook imports; loaded when it is, so that the command line starts fast."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
