"""When a day's lists may be served: the section [jobs.promotions]."""

from typing import Annotated

from pydantic import Field

from alsobought.settings import Count, Days, Settings, Share


class Limits(Settings):
    """[jobs.promotions]: what a day's lists must reach to become those that are served."""

    models: Annotated[list[str], Field(min_length=1)]
    """Models that readers are shown, as `evaluations` calls them: none may foretell worse."""
    k: Count
    """Places that count in their hit rate; one of `ks` of the evaluations."""
    margin: Share
    """By so much a model's hit rate, or how far it is above bestsellers', may be lower than that of
    the served lists."""
    min_rows_share: Share
    """Least rows of each table, as a share of those that are served; and of each larger market."""
    max_changed_share: Share
    """Largest share of the served lists that may be gone, or lose more than half of their items."""
    min_items_with_list: Share
    """Least share of the items that were bought, by item_statistics, with related items."""
    min_customers_with_list: Share
    """Least share of the customers of the last `customer_days` with recommendations."""
    customer_days: Days
    """Days before the as-of day; who bought something in them must be shown recommendations."""
    max_age_days: Days
    """The newest purchase may be so many days before the as-of day; more, and files are missing."""
