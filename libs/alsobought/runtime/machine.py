"""What this machine has, and what Spark's settings ask of it."""

import os
import re
from collections.abc import Mapping

UNITS = {"b": 0, "k": 10, "m": 20, "g": 30, "t": 40}


def is_local(settings: Mapping[str, str]) -> bool:
    """Whether Spark runs in this machine alone."""
    return settings.get("spark.master", "local").startswith("local")


def memory_bytes(text: str) -> int:
    """A size as Spark writes it, 2g or 512m, in bytes; without a unit MiB. 0: it is none."""
    match = re.fullmatch(r"(\d+)\s*([bkmgt]?)b?", text.strip().lower())
    if match is None:
        return 0
    return int(match[1]) << UNITS[match[2] or "m"]


def machine_bytes() -> int:
    """The machine's memory."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
