"""The exact co-purchase engine: pairs are counted where they arise and never shuffled.

Stages, each a module: ids (text to dense integers), pack (purchases to baskets), totals (counts of
all parts), plan (items to blocks), spread (baskets to blocks), count (blocks to scored candidates).
The compiled loops are in hashing, packing, counting and scoring.
"""

import hashlib
import os
from importlib.resources import files
from pathlib import Path

from numba import config

KERNELS = ("engine/hashing.py", "engine/packing.py", "engine/counting.py", "engine/scoring.py")


def _use_a_cache_of_its_own() -> None:
    """Keep compiled loops under a name that changes with any of their sources.

    Numba looks only at the file of a function itself, and would go on using a loop that was
    compiled with an older formula from another file.
    """
    folder = files("alsobought.copurchase")
    sources = [folder.joinpath(name).read_bytes() for name in (*KERNELS, "scores.py")]
    digest = hashlib.sha256(b"".join(sources)).hexdigest()[:16]
    given = os.environ.get("NUMBA_CACHE_DIR")
    base = Path(given) if given else Path("~/.cache/alsobought").expanduser()
    setattr(config, "CACHE_DIR", str(base / f"kernels-{digest}"))  # noqa: B010


_use_a_cache_of_its_own()
