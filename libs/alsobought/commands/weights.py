"""The command `weights`: the weighted offers of a day, in a few lines."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise

from alsobought.commands.options import DefaultEnv, LatestDay, RowOptions, command
from alsobought.commands.printing import Id, Number, Text, grid, rows_for_programs, say
from alsobought.commands.view import chosen_day
from alsobought.errors import ConfigError
from alsobought.runtime import config, home
from alsobought.runtime.warehouse import Row, Warehouse, quoted
from alsobought.training.offers import weight_summary
from alsobought.training.offers.settings import Redemption
from alsobought.training.offers.weight_summary import MeanWeights, MethodSummary

EXAMPLES = ("alsobought weights", "alsobought weights --as-of 2017-12-01 --csv")
STATES = {"00": "nothing visible", "10": "engaged", "11": "redeemed"}
SUMMARY = (
    Id("method"),
    Number("copies"),
    Number("redeemed if final"),
    Number("redeemed if not"),
    Number("weighted"),
    Number("effective sample size"),
)


@dataclass(frozen=True, kw_only=True)
class WeightsOptions(RowOptions):
    """What `weights` takes."""

    env: DefaultEnv = "demo"
    as_of: LatestDay = None


@command
def weights(options: WeightsOptions) -> None:
    """Summarise a day's weights: label rates, mean weights, effective sample size."""
    root = home.find()
    environment = config.load_sections(root, options.env, Redemption)
    if environment.lacks([Redemption.section]):
        raise ConfigError(f"{config.path_of(root, options.env)} has no [redemption].")
    edges = weight_summary.age_edges(environment.section(Redemption).attribution_days)
    warehouse = Warehouse.of(root, environment)
    day = chosen_day(warehouse, "redemption_weights", options.as_of)
    columns, on_day = ", ".join(weight_summary.COLUMNS), f"as_of = DATE {quoted(day)}"
    copies = warehouse.batches(
        f"SELECT {columns} FROM redemption_weights WHERE {on_day}", "redemption_weights"
    )
    sums = weight_summary.weight_sums(copies, edges)
    if options.is_for_programs:
        means = weight_summary.mean_weights(sums)
        methods = weight_summary.method_summaries(sums)
        of_methods = [{"as_of": day, **_row(method, means, edges)} for method in methods]
        rows_for_programs(of_methods, as_csv=options.as_csv)
        return
    offers = warehouse.batches(
        f"SELECT state FROM redemption_examples WHERE {on_day}", "redemption_examples"
    )
    say(f"Weighted offers as of {day}: {_offers(weight_summary.state_counts(offers))}")
    grid(SUMMARY, [_summary_cells(row) for row in weight_summary.method_summaries(sums)])
    say("Mean weight by state and days since issue:")
    ages = map(Number, _age_headings(edges))
    rows = [_mean_cells(row) for row in weight_summary.mean_weights(sums)]
    grid([Id("method"), Text("state"), *ages], rows)


def _row(method: MethodSummary, means: Sequence[MeanWeights], edges: Sequence[float]) -> Row:
    """A method's sums and mean weights, for programs."""
    of_states = {
        f"mean_weight_{mean.state}_age_{age.replace(' ', '_')}": value
        for mean in means
        if mean.method == method.method
        for age, value in zip(_age_headings(edges), mean.by_age, strict=True)
    }
    empty = {
        f"mean_weight_{state}_age_{age.replace(' ', '_')}": None
        for state in STATES
        for age in _age_headings(edges)
    }
    return asdict(method) | empty | of_states


def _offers(counts: dict[str, int]) -> str:
    """How many offers there are, and in which state."""
    states = ", ".join(f"{counts.get(state, 0):,} {name}" for state, name in STATES.items())
    return f"{sum(counts.values()):,} offers, {states}"


def _age_headings(edges: Sequence[float]) -> list[str]:
    inner = [f"{younger:g}-{older:g}" for younger, older in pairwise(edges)]
    return [f"below {edges[0]:g}", *inner, f"final from {edges[-1]:g}"]


def _summary_cells(row: MethodSummary) -> list[str]:
    rates = (row.final_rate, row.open_rate, row.weighted_open_rate)
    shares = ["" if rate is None else f"{rate:.2%}" for rate in rates]
    return [row.method, f"{row.copies:,}", *shares, f"{row.effective_sample_size:,.0f}"]


def _mean_cells(row: MeanWeights) -> list[str]:
    means = ["" if mean is None else f"{mean:.3f}" for mean in row.by_age]
    return [row.method, f"{row.state} {STATES[row.state]}", *means]
