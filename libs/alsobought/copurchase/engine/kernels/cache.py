"""Where the compiled loops are kept: under a name that changes with any of their sources.

Numba looks only at the file of a function itself, and would go on using a loop that was compiled
with an older formula of another file; from a zip it would do so for ever.
"""

import hashlib
import os
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Self

from numba.core import caching

PACKAGE = "alsobought.copurchase.engine.kernels."


def sources(room: Traversable) -> list[Traversable]:
    """The files that loops are compiled from: every kernel, and the formulas that they call."""
    kernels = [
        file
        for file in room.joinpath("engine").joinpath("kernels").iterdir()
        if file.name.endswith(".py")
    ]
    kernels.sort(key=lambda file: file.name)
    return [*kernels, room.joinpath("scores.py"), room.joinpath("formulas.py")]


def digest(room: Traversable) -> str:
    """A hash of the names and texts of `sources`."""
    hashed = hashlib.sha256()
    for file in sources(room):
        hashed.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return hashed.hexdigest()[:16]


def install() -> None:
    """Make Numba keep the engine's loops in ~/.cache/alsobought, or under NUMBA_CACHE_DIR."""
    given = os.environ.get("NUMBA_CACHE_DIR")
    base = Path(given) if given else Path("~/.cache/alsobought").expanduser()
    stamp = digest(files("alsobought.copurchase"))

    class Locator(caching._CacheLocator):
        """Numba's interface to where a function's compiled form lies, and how it is stamped."""

        def __init__(self, function: Any) -> None:
            self._line = function.__code__.co_firstlineno

        @classmethod
        def from_function(cls, function: Any, _: str) -> Self | None:
            """A locator for the engine's functions, where the folder can be written."""
            if not function.__module__.startswith(PACKAGE):
                return None
            locator = cls(function)
            try:
                locator.ensure_cache_path()  # type: ignore[no-untyped-call]
            except OSError:
                return None  # Numba goes on to its own places
            return locator

        def get_cache_path(self) -> str:
            return str(base / f"kernels-{stamp}")

        def get_source_stamp(self) -> str:
            return stamp

        def get_disambiguator(self) -> str:
            return str(self._line)

    locators: Any = caching.CacheImpl._locator_classes
    locators.insert(0, Locator)
