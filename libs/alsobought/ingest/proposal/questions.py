"""What of a proposed environment only the shop can say."""

from collections.abc import Sequence

from alsobought.ingest.proposal.mismatches import by_encoding, listed
from alsobought.ingest.proposal.oddities import events_of, unsure_returns_of
from alsobought.ingest.proposal.sections import UNKNOWN, Files
from alsobought.ingest.proposal.times import Times


def questions_of(purchases: Files, items: Files, unused: Sequence[Files]) -> list[str]:
    """The questions, each with its key where it has one; `unused` files are neither of the two."""
    questions = []
    for role, name in purchases.roles.items():
        if name == UNKNOWN:
            questions.append(f"sources.purchases.columns.{role}: which column is it?")
    sources = {"purchases": purchases}
    if items.columns is not purchases.columns:
        sources["items"] = items
    for name, files in sources.items():
        questions += _of_encodings(name, files)
    questions += _of_times(getattr(purchases.column("purchased_at"), "times", None))
    unsure = unsure_returns_of(purchases.columns, purchases.single)
    if unsure:
        column, values = unsure
        questions.append(
            f"sources.purchases.returns: is a row with {column} = {' or '.join(values)} the return "
            f"of an earlier row, or a purchase that never was? Only a return belongs into "
            f"type_values; leave the other rows out."
        )
    events = events_of(purchases.columns, purchases.single)
    if events:
        column, values = events
        questions.append(f"{column} has {', '.join(values)}: leave rows out that are no purchases.")
    if items.columns is purchases.columns:
        questions.append("sources.items: is there a catalogue? The purchases stand in for it.")
    questions += [f"{files.name} is not used: what is it?" for files in unused]
    return questions


def _of_encodings(name: str, files: Files) -> list[str]:
    by_name = by_encoding([files.head])
    by_name.pop("US-ASCII", None)
    if len(by_name) < 2:
        return []
    said = "; ".join(f"{encoding} {listed(names)}" for encoding, names in by_name.items())
    return [f"sources.{name}.encoding: in which one can all files come? Now there are {said}."]


def _of_times(times: Times | None) -> list[str]:
    if times is None:
        return []
    questions = []
    if times.other:
        questions.append(
            f"sources.purchases.timestamp_format: is it {times.pattern} or {times.other}? No day "
            f"is above 12."
        )
    if times.has_clock and not times.names_zone:
        questions.append("sources.purchases.time_zone: in which zone are the times?")
    if times.last != times.bulk_last:
        questions.append(
            f"--as-of: is {times.last} a day of purchases? All but a few rows are until "
            f"{times.bulk_last}."
        )
    return questions
