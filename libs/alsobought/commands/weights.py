"""The command `weights`: the weighted offers of a day, in a few lines."""

from itertools import pairwise
from typing import TYPE_CHECKING

from alsobought.commands import printing
from alsobought.commands.options import Debug, LookDay, LookEnv
from alsobought.runtime import home
from alsobought.runtime.faults import guarded

if TYPE_CHECKING:  # imported where they are used, so that other commands start without them
    from alsobought.commands.view import Row, Warehouse

STATES = {"00": "nothing visible", "10": "engaged", "11": "redeemed"}
SHARES = (0.25, 0.5, 1.0)
"""Edges of the age groups, as parts of attribution_days."""


def weights(env: LookEnv = "demo", as_of: LookDay = None, debug: Debug = False) -> None:
    """Print what the weights of a day's offers make of them."""
    with guarded(debug=debug):
        from alsobought.errors import ConfigError
        from alsobought.runtime import config
        from alsobought.runtime.store import warehouse_path

        root = home.find()
        environment = config.load_sections(root, env, Redemption)
        if environment.redemption is None:
            raise ConfigError(f"{config.path_of(root, env)} has no [redemption].")
        tables = view.Warehouse(warehouse_path(root, environment.warehouse))
        day = view.day_of(tables, "redemption_weights", as_of)
        edges = [share * environment.redemption.attribution_days for share in SHARES]
        found = _groups(tables, day, edges)
        methods = sorted({row["method"] for row in found})
        printing.say(f"Weighted offers as of {day}: {_offers(tables, day)}")
        printing.grid(
            "method, copies, redeemed if final, redeemed if not, weighted, effective sample size",
            [_of_method(method, [r for r in found if r["method"] == method]) for method in methods],
        )
        printing.say("Mean weight by state and days since issue:")
        ages = _ages(edges)
        printing.grid(
            ", ".join(["method", "state", *ages]),
            [
                _of_state(method, state, [r for r in found if r["method"] == method], len(ages))
                for method in methods
                for state in STATES
                if any(row["w"] != row["n"] for row in found if row["method"] == method)
            ],
        )


def _offers(tables: "Warehouse", day: str) -> str:
    """How many offers there are, and in which state."""
    from alsobought.commands.view import quoted

    query = f"SELECT state, count(*) AS offers FROM redemption_examples WHERE as_of = DATE \
{quoted(day)} GROUP BY state"
    offers = {row["state"]: row["offers"] for row in tables.rows("redemption_examples", query)}
    states = ", ".join(f"{offers.get(state, 0):,} {name}" for state, name in STATES.items())
    return f"{sum(offers.values()):,} offers, {states}"


def _groups(tables: "Warehouse", day: str, edges: list[float]) -> "list[Row]":
    """Sums by method, state and age group: n, of weights, of their squares, of the redeemed."""
    from alsobought.commands.view import quoted

    group = " + ".join(f"CAST(age_days >= {edge} AS INT)" for edge in edges)
    return tables.rows(
        "redemption_weights",
        f"""SELECT method, state, {group} AS age, count(*) AS n, sum(weight) AS w,
            sum(weight * weight) AS squares, sum(redeemed) AS redeemed,
            sum(weight * redeemed) AS weighted
            FROM redemption_weights WHERE as_of = DATE {quoted(day)} GROUP BY method, state, age""",
    )


def _ages(edges: list[float]) -> list[str]:
    """The age groups as column names: below the first edge, between edges, final."""
    inner = [f"{a:g}-{b:g}" for a, b in pairwise(edges)]
    return [f"below {edges[0]:g}", *inner, f"final from {edges[-1]:g}"]


def _of_method(method: str, rows: "list[Row]") -> list[str]:
    n, w, squares = (sum(row[name] for row in rows) for name in ("n", "w", "squares"))
    final = [row for row in rows if row["age"] == len(SHARES)]
    open_ = [row for row in rows if row["age"] < len(SHARES)]
    rates = (_rate(final, "redeemed", "n"), _rate(open_, "redeemed", "n"))
    return [method, f"{n:,}", *rates, _rate(open_, "weighted", "w"), f"{w * w / squares:,.0f}"]


def _rate(rows: "list[Row]", part: str, whole: str) -> str:
    total = sum(row[whole] for row in rows)
    return f"{sum(row[part] for row in rows) / total:.2%}" if total else ""


def _of_state(method: str, state: str, rows: "list[Row]", ages: int) -> list[str]:
    mine = {row["age"]: row for row in rows if row["state"] == state}
    cells = [f"{mine[a]['w'] / mine[a]['n']:.3f}" if a in mine else "" for a in range(ages)]
    return [method, f"{state} {STATES[state]}", *cells]
