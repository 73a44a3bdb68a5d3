"""Lists as they are served, and in words and numbers why a pair is in them or not."""

import math
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate

from alsobought.commands.find import Item
from alsobought.commands.view import Row, View, quoted
from alsobought.copurchase.scores import formulas
from alsobought.copurchase.settings import Lists

COMMITS = 100  # how far back the run that wrote a day is looked for
VERBS = {"order": "held", "customer": "bought"}
SCORES = formulas(math.sqrt, math.log, lambda chosen, yes, no: yes if chosen else no)


@dataclass(frozen=True)
class Subject:
    """One item's pairs, by one unit: what a look-up tells about."""

    view: View
    item: Item
    unit: str

    def listed(self, metric: str) -> list[Row]:
        """The item's list as it is served, by rank, with the titles of the catalogue."""
        return self.view.warehouse.rows(
            "related_items items",
            'SELECT rank, title, related_item_id, score, "both", expected, buyers, related_buyers,'
            " units FROM related_items LEFT JOIN items ON items.item_id = related_item_id"
            f" WHERE {self.view.pairs(self.unit)} AND metric = {quoted(metric)}"
            f" AND related_items.item_id = {quoted(self.item.item_id)} ORDER BY rank",
        )

    def candidates(self) -> list[Row]:
        """The item's pairs in co_purchases, each with whether its related item is available."""
        return self.view.warehouse.rows(
            "co_purchases items",
            'SELECT related_item_id, "both", expected, buyers, related_buyers, units,'
            " coalesce(is_available, false) AS is_available"
            " FROM co_purchases LEFT JOIN items ON items.item_id = related_item_id"
            f" WHERE {self.view.pairs(self.unit)}"
            f" AND co_purchases.item_id = {quoted(self.item.item_id)}",
        )

    def statistics(self, item: Item) -> Row | None:
        """The row of item_statistics of this or another item; None where no unit has it."""
        found = self.view.warehouse.rows(
            "item_statistics",
            "SELECT buyers, share, units, other_purchases FROM item_statistics"
            f" WHERE {self.view.statistics(self.unit)} AND item_id = {quoted(item.item_id)}",
        )
        return found[0] if found else None

    def limits(self, table: str) -> Row:
        """min_support, metrics and candidates of the run that wrote the table's as-of day.

        Where no commit tells of that run, they are what the environment has now.
        """
        environment, day = self.view.environment, self.view.day
        now = {"lists": environment.section(Lists).model_dump(), **environment.jobs.get(table, {})}
        runs = (commit["run"] for commit in self.view.warehouse.commits(table, COMMITS))
        then: Row = next((run.get("parameters", {}) for run in runs if run.get("as_of") == day), {})
        limits = {**now, **then}
        return {"candidates": limits.get("candidates"), **limits["lists"]}


def number(value: float) -> str:
    """Four digits that count, never as a power of ten: 28,474 and 0.03121."""
    digits = 3 - math.floor(math.log10(abs(value))) if value else 0
    return f"{value:,.{max(0, digits)}f}"


def cells(row: Row) -> list[str]:
    """A row of a list as it is printed: rank, title, item, score, N, E, n_x, n_y, n."""
    counts = [f"{row[name]:,}" for name in ("buyers", "related_buyers", "units")]
    item = [row["title"] or row["related_item_id"], row["related_item_id"]]
    evidence = [number(row["score"]), f"{row['both']:,}", number(row["expected"])]
    return [str(row["rank"]), *item, *evidence, *counts]


def score(metric: str, pair: Row, both: int) -> float:
    """The pair's score if `both` units had both items."""
    rest = (float(pair[name]) for name in ("expected", "buyers", "related_buyers", "units"))
    value: float = SCORES[metric](float(both), *rest)
    return value


def no_list(subject: Subject) -> str:
    """Why the item has no list, in one sentence."""
    found, unit = subject.statistics(subject.item), subject.unit
    if found is None:
        return f"No {unit} that was counted has it."
    with_it = f"{found['buyers']:,} {unit}{'s' * (found['buyers'] > 1)} {VERBS[unit]} it"
    support = subject.limits("co_purchases")["min_support"]
    if found["buyers"] < support:
        return f"{with_it}, and a pair needs {support} (min_support)."
    pairs = subject.candidates()
    if not pairs:
        return f"{with_it}, but no other item is in {support} of them (min_support)."
    if not any(pair["is_available"] for pair in pairs):
        return f"{with_it}, but no item bought with it is available (of {len(pairs)} candidates)."
    return f"{with_it}, and it has candidates: run the job related_items again."


def why(subject: Subject, related: Item) -> tuple[list[str], list[list[str]]]:
    """The pair's account in sentences, and under each metric its score and place in the list."""
    pairs = subject.candidates()
    pair = next((pair for pair in pairs if pair["related_item_id"] == related.item_id), None)
    if pair is None:
        return _not_kept(subject, related, pairs), []
    both, expected = pair["both"], pair["expected"]
    sentences = [
        f"{both:,} of {_with_both(subject, related, pair['buyers'])}.",
        f"{number(expected)} were expected by chance{_because(subject, related)}.",
        f"That is {number(both / expected)} times as many as expected.",
    ]
    return sentences, [
        [metric, number(score(metric, pair, both)), _place(subject, related, pairs, metric)]
        for metric in subject.view.metrics
    ]


def _with_both(subject: Subject, related: Item, buyers: int) -> str:
    verb = VERBS[subject.unit]
    of_item = f"{buyers:,} {subject.unit}s that {verb} {subject.item.name}"
    return f"{of_item} also {verb} {related.name}"


def _because(subject: Subject, related: Item) -> str:
    own, other = subject.statistics(subject.item), subject.statistics(related)
    if own is None or other is None or subject.view.relation != "together":
        return ""
    bins, unit = own["other_purchases"], subject.unit
    mean = sum(bin["others"] * bin["buyers"] for bin in bins) / own["buyers"]
    return (
        f", because those {unit}s {VERBS[unit]} a median of {median(bins):,} other items"
        f" ({number(mean)} on average), and {related.name} is"
        f" {number(100 * other['share'])} % of all that {unit}s {VERBS[unit]}"
    )


def median(bins: list[Row]) -> int:
    """So many other items, or fewer, have half of the buyers in a histogram by others."""
    so_far = [*accumulate(bin["buyers"] for bin in bins)]
    return int(next(b["others"] for b, n in zip(bins, so_far, strict=True) if 2 * n >= so_far[-1]))


def _place(subject: Subject, related: Item, pairs: list[Row], metric: str) -> str:
    """The pair's rank in the list, or the reason why it is not in it."""
    served = [row["related_item_id"] for row in subject.listed(metric)]
    if related.item_id in served:
        return f"{served.index(related.item_id) + 1} of {len(served)}"
    return f"not in the list: {_left_out(subject, related, pairs, metric, len(served))}"


def _left_out(subject: Subject, related: Item, pairs: list[Row], metric: str, served: int) -> str:
    support = subject.limits("related_items")["min_support"]
    fit = [p for p in pairs if p["both"] >= support and p["is_available"]]
    fit.sort(key=lambda pair: (-score(metric, pair, pair["both"]), pair["related_item_id"]))
    ids = [pair["related_item_id"] for pair in fit]
    if not related.is_listed:
        return "it is not in the catalogue"
    if not related.is_available:
        return "it is not available"
    if related.item_id not in ids:
        return f"it is below min_support {support}"
    rank = ids.index(related.item_id) + 1
    if served and rank > served:
        return f"it would be {rank:,} of {len(ids):,}, and {served:,} are kept (top_k)"
    return f"it would be {rank:,}, so the list is older: run the job related_items again"


def _not_kept(subject: Subject, related: Item, pairs: list[Row]) -> list[str]:
    own, other = subject.statistics(subject.item), subject.statistics(related)
    missing = subject.item if own is None else related
    if own is None or other is None:
        return [f"No {subject.unit} that was counted has {missing.name}."]
    first = "The pair is not in co_purchases"
    if subject.view.relation != "together":
        return [f"{first}."]
    pair = {**own, "related_buyers": other["buyers"]}
    pair["expected"] = expected(own["other_purchases"], other["share"])
    most, reason = _at_most(subject, pair, pairs)
    return [
        f"{first}{reason}.",
        f"At most {most:,} of {_with_both(subject, related, own['buyers'])}.",
        f"{number(pair['expected'])} were expected by chance{_because(subject, related)}.",
    ]


def expected(bins: list[Row], share: float) -> float:
    """E = sum over b of h_X(b) * -expm1(b * log1p(-P_Y)), as `copurchase.expected` has it."""
    log_miss = math.log1p(-share)
    return -math.fsum(bin["buyers"] * math.expm1(bin["others"] * log_miss) for bin in bins)


def _at_most(subject: Subject, pair: Row, kept: list[Row]) -> tuple[int, str]:
    """How many units can have both, if the pair was not kept, and the reason.

    Every score grows with N, so under each metric N is at most what would have made the pair as
    good as the last one that the metric kept.
    """
    limits = subject.limits("co_purchases")
    support, candidates = limits["min_support"], limits["candidates"]
    possible = min(pair["buyers"], pair["related_buyers"])
    if candidates is None:
        return possible, ""
    if len(kept) < candidates or not pair["expected"]:
        return min(possible, support - 1), f": it is below min_support {support}"

    def most(metric: str) -> int:
        scores = sorted((score(metric, row, row["both"]) for row in kept), reverse=True)
        counts = range(1, possible + 1)
        return bisect_right(counts, scores[candidates - 1], key=lambda n: score(metric, pair, n))

    at_most = min(most(metric) for metric in limits["metrics"] if metric in SCORES)
    said = f": it is below min_support {support}, or no metric has it among its best {candidates}"
    return min(possible, max(at_most, support - 1)), said
