"""Which name is meant by one that is not there."""

from collections.abc import Sequence
from difflib import get_close_matches

LIKE = 0.6  # how much of a name must agree


def nearest(name: str, names: Sequence[str]) -> str | None:
    """The name that is spelled most like it, capitals and blanks aside; None: none is."""
    plain = {"".join(filter(str.isalnum, other.lower())): other for other in names}
    near = get_close_matches("".join(filter(str.isalnum, name.lower())), plain, 1, LIKE)
    return plain[near[0]] if near else None
