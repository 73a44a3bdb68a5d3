"""The command `why`: in words and numbers, why a pair is in a list or not."""

import math
import shlex
from dataclasses import asdict, dataclass, fields, replace

from alsobought.commands.exact_count import units_with_both
from alsobought.commands.item_pairs import VERBS, ItemPairs
from alsobought.commands.item_search import Item, the_item
from alsobought.commands.options import command
from alsobought.commands.pair_kinds import PairKind, pair_kind
from alsobought.commands.printing import Id, Number, Text, grid, number, rows_for_programs, say
from alsobought.commands.view import ItemWords, ListOptions, chosen_view
from alsobought.copurchase.scores import SHRUNKEN
from alsobought.copurchase.settings import Lists
from alsobought.errors import JobError
from alsobought.related import explanations
from alsobought.related.explanations import Candidate, Evidence, Limits
from alsobought.runtime import home
from alsobought.runtime.warehouse import Row

EXAMPLES = (
    "alsobought why 1098066 826249",
    'alsobought why "hot dog buns" sausage --env shop --unit order',
    "alsobought why 1098066 826249 --json",
)


@dataclass(frozen=True, kw_only=True)
class WhyOptions(ListOptions):
    """What `why` takes."""

    item: ItemWords
    related: ItemWords


@command
def why(options: WhyOptions) -> None:
    """Explain why an item is, or is not, in another item's list."""
    view, typed = chosen_view(home.find(), options), options.as_typed()
    other = shlex.quote(options.related)
    item = the_item([view], options.item, lambda item_id: f"why {item_id} {other} {typed}")
    related = the_item(
        [view], options.related, lambda item_id: f"why {item.item_id} {item_id} {typed}"
    )
    if item == related:
        raise JobError(f"Both are {item}: name two items.")
    kind = pair_kind(view, item, related)
    pairs = [Pair(ItemPairs(view, item, unit), related, kind) for unit in view.units]
    if options.is_for_programs:
        rows = [row for pair in pairs for row in _rows(pair)]
        rows_for_programs(rows, as_csv=options.as_csv)
        return
    say(f"{item} and {related}, {view}", *([] if kind is None else kind.in_words()))
    for pair in pairs:
        _print_explanation(pair)


@dataclass(frozen=True)
class Pair:
    """An item and a related item, by one unit."""

    pairs: ItemPairs
    related: Item
    kind: PairKind | None

    def candidate(self, candidates: list[Candidate]) -> Candidate | None:
        """The pair among the item's candidates; None where it was not kept."""
        ids = [candidate.related_item_id for candidate in candidates]
        return candidates[ids.index(self.related.item_id)] if self.related.item_id in ids else None

    def with_both(self, buyers: int) -> str:
        """The phrase `4 orders that held Tea also held Jam`."""
        verb, unit = VERBS[self.pairs.unit], self.pairs.unit
        of_item = f"{buyers:,} {unit}s that {verb} {self.pairs.item.name}"
        return f"{of_item} also {verb} {self.related.name}"


@dataclass(frozen=True)
class Place:
    """Where a metric ranks a pair: its rank in a list of `length` rows, or why it has none."""

    metric: str
    score: float
    rank: int | None
    length: int
    reason: str | None

    def cells(self) -> list[str]:
        """The place as cells of a grid."""
        place = f"{self.rank} of {self.length}" if self.rank else f"not in the list: {self.reason}"
        score = "no prior" if math.isnan(self.score) else number(self.score)
        return [self.metric, score, place]


def _print_explanation(pair: Pair) -> None:
    candidates = pair.pairs.candidates()
    candidate = pair.candidate(candidates)
    if candidate is None:
        sentences, places = _why_not_kept(pair, candidates), []
    else:
        sentences = _why_so_often(pair, candidate)
        places = [_place(pair, candidates, metric).cells() for metric in pair.pairs.view.metrics]
    say("", f"By {pair.pairs.unit}:", *(f"  {sentence}" for sentence in sentences))
    if places:
        grid([Id("metric"), Number("score"), Text("place")], places)


def _rows(pair: Pair) -> list[Row]:
    """A row for each metric, for programs; of a pair that was not kept one row, with the reason."""
    view, candidates = pair.pairs.view, pair.pairs.candidates()
    ids = {"item_id": pair.pairs.item.item_id, "related_item_id": pair.related.item_id}
    kind = pair.kind.columns if pair.kind else {}
    shared = view.columns | {"unit": pair.pairs.unit} | ids | kind
    candidate = pair.candidate(candidates)
    empty: Row = dict.fromkeys([field.name for field in fields(Place)])
    if candidate is None:
        reason = _why_not_kept(pair, candidates)[0]
        return [shared | _evidence_of(pair) | empty | {"reason": reason}]
    evidence = shared | candidate.evidence._asdict()
    return [evidence | asdict(_place(pair, candidates, metric)) for metric in view.metrics]


def _why_so_often(pair: Pair, candidate: Candidate) -> list[str]:
    evidence = candidate.evidence
    both, expected = evidence.both, evidence.expected
    return [
        f"{both:,} of {pair.with_both(evidence.buyers)}.",
        f"{number(expected)} were expected by chance{_why_expected(pair)}.",
        f"That is {number(both / expected)} times as many as expected.",
        *_shrunken(candidate),
    ]


def _shrunken(candidate: Candidate) -> list[str]:
    """What the ratio is worth by the scores of the posterior; nothing where no list has them."""
    if not candidate.prior:
        return []
    ebgm, eb05 = (
        explanations.score(metric, candidate.evidence, candidate.prior) for metric in SHRUNKEN
    )
    alpha1, beta1, alpha2, beta2, share = map(number, candidate.prior)
    return [
        f"By the ratios of all pairs, {number(ebgm)} times is to be believed (EBGM), and more than"
        f" {number(eb05)} times with a probability of 95 % (EB05). The prior: Gamma({alpha1},"
        f" {beta1}) with a probability of {share}, else Gamma({alpha2}, {beta2}).",
    ]


def _why_expected(pair: Pair) -> str:
    pairs, related = pair.pairs, pair.related
    statistics, related_statistics = pairs.statistics(pairs.item), pairs.statistics(related)
    if statistics is None or related_statistics is None or pairs.view.counted != "together":
        return ""
    histogram, unit, verb = statistics["other_purchases"], pairs.unit, VERBS[pairs.unit]
    median = explanations.median(histogram)
    because = (
        f", because those {unit}s {verb} a median of {median:,} other items"
        f" ({number(explanations.mean(histogram))} on average), and {related.name} is"
    )
    if pairs.rates is None:
        share = number(100 * related_statistics["share"])
        return f"{because} {share} % of all that {unit}s {verb}"
    buyers = statistics["buyers"]
    chance = pairs.expected([{"others": median, "buyers": buyers}], related_statistics) / buyers
    return (
        f"{because} in {number(100 * related_statistics['buyers'] / statistics['units'])} % of all"
        f" {unit}s: at rates that match every {unit}'s number of items and every item's number of"
        f" {unit}s, {number(100 * chance)} % of {unit}s with {median:,} other items have it by"
        " chance"
    )


def _evidence_of(pair: Pair) -> Row:
    """What is known of a pair that was not kept, for programs; null: it is not known.

    item_statistics has what is expected of `together` alone: other relations have other shares.
    """
    statistics = pair.pairs.statistics(pair.pairs.item)
    related_statistics = pair.pairs.statistics(pair.related)
    is_directed = pair.pairs.view.counted != "together"
    if statistics is None or related_statistics is None or is_directed:
        return dict.fromkeys(Evidence._fields)
    evidence = _evidence(pair.pairs, statistics, related_statistics)
    buyers = evidence.buyers, evidence.related_buyers
    return evidence._asdict() | {"both": units_with_both(pair.pairs, pair.related, buyers)}


def _place(pair: Pair, candidates: list[Candidate], metric: str) -> Place:
    candidate = pair.candidate(candidates)
    assert candidate is not None
    score = explanations.score(metric, candidate.evidence, candidate.prior)
    listed = [row["related_item_id"] for row in pair.pairs.related_items(metric)]
    if pair.related.item_id in listed:
        rank = listed.index(pair.related.item_id) + 1
        return Place(metric, score, rank, len(listed), None)
    reason = _why_not_listed(pair, candidates, metric, len(listed))
    return Place(metric, score, None, len(listed), reason)


def _why_not_listed(pair: Pair, candidates: list[Candidate], metric: str, length: int) -> str:
    """Why the pair is not in the list, which has `length` rows."""
    candidate = pair.candidate(candidates)
    if candidate is not None and not candidate.is_available:
        return "it is not available" if pair.related.is_listed else "it is not in the catalogue"
    support = pair.pairs.limits("related_items").min_support
    ranking = explanations.ranking(candidates, metric, support)
    if pair.related.item_id not in ranking:
        return f"it is below min_support {support}"
    view, lists = pair.pairs.view, pair.pairs.view.environment.section(Lists)
    customers = pair.kind.columns["kind_customers_together"] if pair.kind else None
    is_of_few = customers is not None and customers < (lists.min_customers or 0)
    if is_of_few and pair.pairs.unit == "order":
        had = f"{customers:,} customers had both in one order"
        return f"{had}, below {lists.min_customers} (min_customers)"
    if view.relation != view.counted:
        is_other = pair.kind is None or pair.kind.columns["kind"] != view.relation
        return f"it is no {view.relation}" if is_other else "others of its kind come before it"
    rank = ranking.index(pair.related.item_id) + 1
    limits = lists.limits
    if length and rank > length and not limits:
        return f"it would be {rank:,} of {len(ranking):,}, and {length:,} are kept (top_k)"
    if limits:
        names = " or ".join(f"max_per_{name} {most}" for name, most in limits.items())
        return f"it would be {rank:,} of {len(ranking):,} but for {names}, or for top_k"
    return f"it would be {rank:,}, so the list is older: run the job related_items again"


def _why_not_kept(pair: Pair, candidates: list[Candidate]) -> list[str]:
    pairs, related = pair.pairs, pair.related
    statistics, related_statistics = pairs.statistics(pairs.item), pairs.statistics(related)
    if statistics is None or related_statistics is None:
        missing = pairs.item if statistics is None else related
        return [f"No {pairs.unit} that was counted has {missing.name}."]
    if pairs.view.counted != "together":
        return ["The pair is not in co_purchases."]
    evidence = _evidence(pairs, statistics, related_statistics)
    limits = pairs.limits("co_purchases")
    limits = replace(limits, prior=candidates[0].prior if candidates else ())
    kept = [candidate.evidence for candidate in candidates]
    both = units_with_both(pairs, related, (evidence.buyers, evidence.related_buyers))
    if both is None:
        reason = _limit_missed(evidence, kept, limits)
        at_most = explanations.most_units(evidence, kept, limits)
        counted = f"At most {at_most:,} of {pair.with_both(evidence.buyers)}."
    else:
        reason = _limit_missed_by(both, limits)
        counted = f"{both:,} of {pair.with_both(evidence.buyers)}."
    return [
        f"The pair is not in co_purchases{reason}.",
        counted,
        f"{number(evidence.expected)} were expected by chance{_why_expected(pair)}.",
    ]


def _evidence(pairs: ItemPairs, statistics: Row, related_statistics: Row) -> Evidence:
    """The evidence of a pair that was not kept; how many units have both is not known."""
    return Evidence(
        both=0,
        expected=pairs.expected(statistics["other_purchases"], related_statistics),
        buyers=statistics["buyers"],
        related_buyers=related_statistics["buyers"],
        units=statistics["units"],
    )


def _limit_missed_by(both: int, limits: Limits) -> str:
    """The same of a pair whose units with both items have been counted."""
    if both < limits.min_support:
        return f": it is below min_support {limits.min_support}"
    if limits.candidates is None:
        return ""
    return f": no metric has it among its best {limits.candidates}"


def _limit_missed(evidence: Evidence, kept: list[Evidence], limits: Limits) -> str:
    if limits.candidates is None:
        return ""
    if explanations.is_below_support(evidence, kept, limits):
        return f": it is below min_support {limits.min_support}"
    return (
        f": it is below min_support {limits.min_support},"
        f" or no metric has it among its best {limits.candidates}"
    )
