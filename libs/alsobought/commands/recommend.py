"""The command `recommend`: what a customer bought, and what each model makes of it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Annotated

import typer

from alsobought.commands import completion
from alsobought.commands.customer_lists import Shop, shop_of
from alsobought.commands.options import DefaultEnv, LatestDay, RowOptions, command
from alsobought.commands.printing import Id, Number, Text, grid, number, rows_for_programs, say
from alsobought.commands.served_lists import Served, require_one_day
from alsobought.errors import NotFoundError
from alsobought.runtime import home
from alsobought.runtime.warehouse import Row

EXAMPLES = (
    "alsobought recommend 1001",
    "alsobought recommend 1001 --env shop --model calibrated --top 6",
    "alsobought recommend 1001 --served --json",
)
NAMES = (
    "as_of", "market", "customer_id", "model", "rank", "item_id", "title", "score", "source",
)  # fmt: skip
SOURCES = {"bestseller": "a bestseller", "buy_again": "bought before", "related": ""}


@dataclass(frozen=True, kw_only=True)
class RecommendOptions(RowOptions):
    """What `recommend` takes."""

    customer: Annotated[str, typer.Argument(help="A customer's id.")]
    env: DefaultEnv = "demo"
    model: Annotated[
        str | None,
        typer.Option(help="Only this model's list.", autocompletion=completion.list_models),
    ] = None
    market: Annotated[str | None, typer.Option(help="Only lists of this market.")] = None
    as_of: LatestDay = None
    served: Served = False
    top: Annotated[int | None, typer.Option(min=1, help="Rows of each list; by default all.")] = (
        None
    )


@command
def recommend(options: RecommendOptions) -> None:
    """Print what a customer bought last, and what each model recommends, and why."""
    require_one_day(options.served, options.as_of)
    shop = shop_of(home.find(), options.env, options.as_of, served=options.served)
    purchases = shop.newest_purchases(options.customer, options.market)
    rows = shop.lists(options.customer, options.market)
    if not rows and not purchases:
        raise NotFoundError(_nobody(options, shop))
    has_list = bool(rows)
    of_customer = dict.fromkeys(row["market"] for row in [*rows, *purchases])
    markets = [options.market] if options.market else list(of_customer)
    everyones = shop.lists_of_others(options.customer, markets)
    rows += everyones if has_list else shop.bestsellers(options.customer, markets) + everyones
    rows.sort(key=lambda row: row["market"])
    rows = _of_model(rows, options.model if has_list or everyones else None)
    rows = [row for row in rows if row["rank"] <= (options.top or row["rank"])]
    title = shop.titles(purchases, rows)
    if options.is_for_programs:
        rows_for_programs(
            [_for_programs(row, shop, title, as_csv=options.as_csv) for row in rows],
            as_csv=options.as_csv,
        )
    else:
        _print_purchases(options.customer, purchases, title, shop.day)
    if not has_list:
        say(_no_list(options.customer, shop, rows), to_stderr=options.is_for_programs)
    if not rows:
        raise typer.Exit(NotFoundError.exit_code)
    if not options.is_for_programs:
        _print_lists(rows, title)


def _nobody(options: RecommendOptions, shop: Shop) -> str:
    where = f" in market {options.market}" if options.market else ""
    return (
        f"No customer is called {options.customer!r}: nobody of that id has bought anything"
        f"{where} before {shop.day}, or has a list."
    )


def _no_list(customer: str, shop: Shop, rows: Sequence[Row]) -> str:
    """What is shown to a customer without a list: these rows, which are every customer's."""
    said = f"{customer} has no list as of {shop.day}"
    if rows and all(row["source"] == "bestseller" for row in rows):
        return f"{said}: these are the bestsellers of the market."
    if rows:
        models = dict.fromkeys(row["model"] for row in rows)
        return f"{said}: these are every customer's, by {', '.join(models)}."
    return f"{said}, and there are no bestsellers: run the job bestsellers --as-of {shop.day}."


def _of_model(rows: list[Row], model: str | None) -> list[Row]:
    """The rows of one model, None: of all."""
    if model is None:
        return rows
    of_model = [row for row in rows if row["model"] == model]
    if not of_model:
        names = ", ".join(sorted({row["model"] for row in rows}))
        raise NotFoundError(f"The customer has no list by {model!r}; there are {names}.")
    return of_model


def _for_programs(row: Row, shop: Shop, title: Callable[[str], str | None], *, as_csv: bool) -> Row:
    """A place as an object; in CSV, which has no lists, the reasons are words."""
    reasons = [reason | {"title": title(reason["item_id"])} for reason in row["reasons"]]
    words = because(row | {"source": None}, title)
    named = {"as_of": shop.day} | row | {"title": title(row["item_id"])}
    return {name: named[name] for name in NAMES} | {"reasons": words if as_csv else reasons}


def _print_purchases(
    customer: str, purchases: Sequence[Row], title: Callable[[str], str | None], day: str
) -> None:
    if not purchases:
        say(f"{customer} bought nothing before {day} that counts.")
        return
    say(f"{customer} bought last, before {day}:")
    cells = [[f"{r['purchased_at']:%Y-%m-%d %H:%M}", *_named(r, title)] for r in purchases]
    grid([Id("bought (UTC)"), Text("title"), Id("item")], cells)


def _print_lists(rows: Iterable[Row], title: Callable[[str], str | None]) -> None:
    for (market, model), places in groupby(rows, lambda row: (row["market"], row["model"])):
        say("", f"By {model}, market {market}:")
        cells = [
            [str(r["rank"]), *_named(r, title), number(r["score"]), because(r, title)]
            for r in places
        ]
        grid([Number("rank"), Text("title"), Id("item"), Number("score"), Text("because")], cells)


def _named(row: Row, title: Callable[[str], str | None]) -> list[str]:
    return [title(row["item_id"]) or row["item_id"], row["item_id"]]


def because(row: Row, title: Callable[[str], str | None]) -> str:
    """Why an item is in the list: the purchases and their shares, or where it is from."""
    names = [
        f"{title(reason['item_id']) or reason['item_id']} ({reason['share']:.0%})"
        for reason in row["reasons"]
    ]
    if names:
        return f"you bought {', '.join(names)}"
    return SOURCES.get(row["source"] or "", "")
