"""The jobs of a night, and for which others each waits: those whose tables it reads."""

BOUGHT = ["purchases", "returned_purchases", "items"]
NIGHT = {
    "purchases": [],
    "items": [],
    "returned_purchases": ["purchases"],
    "co_purchases": BOUGHT,
    "item_statistics": BOUGHT,
    "related_kinds": [*BOUGHT, "co_purchases"],
    "related_items": ["co_purchases", "item_statistics", "items", "related_kinds"],
    "bestsellers": BOUGHT,
    "repeat_purchases": BOUGHT,
    "buy_again": [*BOUGHT, "repeat_purchases"],
    "factor_recommendations": BOUGHT,
    "item_informativeness": ["purchases", "returned_purchases", "related_items"],
    "cold_start_items": ["related_items", "item_statistics", "items"],
    "recommendations": [
        *BOUGHT, "related_items", "item_statistics", "item_informativeness", "cold_start_items",
        "bestsellers", "repeat_purchases", "buy_again",
    ],
    "evaluations": [
        *BOUGHT, "item_statistics", "related_items", "bestsellers", "buy_again",
        "factor_recommendations", "recommendations",
    ],
}  # fmt: skip
# What decides which lists are served comes last, and is no part of a backfill.
PROMOTIONS = {
    "promotions": [
        "purchases", "returned_purchases", "item_statistics", "related_items", "recommendations",
        "evaluations",
    ],
}  # fmt: skip
