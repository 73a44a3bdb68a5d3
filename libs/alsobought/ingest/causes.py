"""Why rows are unreadable, as far as the names of the rules that they broke tell."""

from collections.abc import Iterable

from alsobought.ingest.settings import Source

NUMBERS = {"unreadable_number", "unreadable_price", "unreadable_quantity"}
NO_TEXT = {"unreadable_row", "unreadable_time", *NUMBERS}  # rules of other things than encodings


def likely_causes(broken_rules: Iterable[str], source: Source, section: str) -> list[str]:
    """A sentence for each setting of [sources.<section>] that may be wrong."""
    unreadable = sorted(name for name in broken_rules if name.startswith("unreadable_"))
    texts = [name for name in unreadable if name not in NO_TEXT]
    numbers = [name for name in unreadable if name in NUMBERS]
    sentences = []
    if texts:
        others = [e for e in ("windows-1252", "ISO-8859-1", "UTF-8") if e != source.encoding]
        sentences.append(
            f"{', '.join(texts)}: bytes that are no text in {source.encoding}; where the files are "
            f"{others[0]} or {others[1]}, say so: [sources.{section}] encoding."
        )
    if numbers and source.format != "json" and (source.decimal, source.thousands) == (".", ""):
        sentences.append(
            f"{', '.join(numbers)}: where numbers are written 1.234,56 or 1,234.56, say so: "
            f"[sources.{section}] decimal and thousands."
        )
    return sentences
