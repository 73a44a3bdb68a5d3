"""Where the compiled loops are kept: under a name that changes with any of their sources.

Numba looks only at the file of a function itself, and would go on using a loop that was compiled
with an older formula of another file; from a zip it would do so for ever.
"""

import hashlib
import os
from contextlib import suppress
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from types import ModuleType
from typing import Any, Self

from numba.core import caching
from numba.core.dispatcher import Dispatcher

PACKAGES = ("compiled", "copurchase.engine.kernels", "related.kernels", "recommend.kernels")
FORMULAS = ("copurchase/scores.py", "copurchase/formulas.py", "recommend/formulas.py")


def sources(package: Traversable) -> list[Traversable]:
    """The files that loops are compiled from: those with loops, and the formulas that they call."""
    loops: list[Traversable] = []
    for name in PACKAGES:
        folder = package.joinpath(*name.split("."))
        in_folder = [file for file in folder.iterdir() if file.name.endswith(".py")]
        loops += sorted(in_folder, key=lambda file: file.name)
    return [*loops, *(package.joinpath(*path.split("/")) for path in FORMULAS)]


def digest(package: Traversable) -> str:
    """A hash of the names and texts of `sources`."""
    hashed = hashlib.sha256()
    for file in sources(package):
        hashed.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return hashed.hexdigest()[:16]


def install() -> None:
    """Make Numba keep the loops of PACKAGES in ~/.cache/alsobought, or under NUMBA_CACHE_DIR."""
    given = os.environ.get("NUMBA_CACHE_DIR")
    base = Path(given) if given else Path("~/.cache/alsobought").expanduser()
    stamp = digest(files("alsobought"))
    prefixes = tuple(f"alsobought.{name}." for name in PACKAGES)

    class Locator(caching._CacheLocator):
        """Numba's interface to where a function's compiled form lies, and how it is stamped."""

        def __init__(self, function: Any) -> None:
            self._line = function.__code__.co_firstlineno

        @classmethod
        def from_function(cls, function: Any, _: str) -> Self | None:
            """A locator for the project's functions, where the folder can be written."""
            if not function.__module__.startswith(prefixes):
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


def load_loops(module: ModuleType) -> None:
    """Load the module's loops, all forms that the cache has; compiles none.

    Those whose names begin with an underscore are called by other loops alone, which hold them.
    """
    for name, loop in vars(module).items():
        if isinstance(loop, Dispatcher) and not name.startswith("_"):
            with suppress(Exception):  # whoever calls the loop compiles it, or learns why not
                _load_forms(loop)


def _load_forms(loop: Any) -> None:
    stored = getattr(loop._cache, "_cache_file", None)  # none where nothing is kept
    for signature, *_ in stored._load_index() if stored else ():
        compiled = loop._cache.load_overload(signature, loop.targetctx)
        if compiled is not None:
            # as Numba itself does: a loop that is compiled later on may call this one
            loop.targetctx.insert_user_function(
                compiled.entry_point, compiled.fndesc, [compiled.library]
            )
            loop.add_overload(compiled)
