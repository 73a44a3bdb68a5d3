"""Compiled loops are kept under a stamp of everything that they are compiled from."""

import importlib.util
import shutil
from pathlib import Path

import numpy as np
import pytest

import alsobought
from alsobought.compiled import cache, hashing
from alsobought.copurchase.engine.kernels import best_candidates

PACKAGE = Path(alsobought.__file__).parent


@pytest.fixture
def package(tmp_path):
    return Path(shutil.copytree(PACKAGE, tmp_path / "alsobought"))


@pytest.mark.parametrize("source", [str(s.relative_to(PACKAGE)) for s in cache.sources(PACKAGE)])
def test_a_change_of_any_source_changes_the_stamp(package, source):
    before = cache.digest(package)
    with (package / source).open("a") as file:
        file.write("# changed\n")
    assert cache.digest(package) != before


def test_the_sources_are_all_kernels_what_lies_below_all_rooms_and_the_formulas_of_these():
    loops = {path for path in PACKAGE.rglob("*.py") if path.parent.name in ("kernels", "compiled")}
    formulas = {PACKAGE / "copurchase" / name for name in ("scores.py", "formulas.py")}
    formulas.add(PACKAGE / "recommend" / "formulas.py")
    assert set(cache.sources(PACKAGE)) == loops | formulas


def test_a_new_kernel_changes_the_stamp_and_a_stage_does_not(package):
    before, engine = cache.digest(package), package / "copurchase" / "engine"
    (engine / "stages" / "new.py").touch()
    assert cache.digest(package) == before
    (engine / "kernels" / "new.py").touch()
    assert cache.digest(package) != before


def test_every_compiled_function_is_kept_there():
    """A function that is kept elsewhere would outlive a change of another kernel."""
    for loop in (best_candidates.mark_best, best_candidates.expected_of, hashing.hash_longs):
        assert loop._cache._cache_path.endswith(f"kernels-{cache.digest(PACKAGE)}")


def test_loops_are_loaded_as_they_are_kept_and_none_is_compiled():
    hashing.hash_longs(np.zeros(1, np.int64), np.full(1, 42, np.uint64))
    spec = importlib.util.find_spec("alsobought.compiled.hashing")
    copy = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(copy)  # as a process that has called none of its loops
    assert copy.hash_longs.overloads == {}
    cache.load_loops(copy)
    assert copy.hash_longs.overloads.keys() >= hashing.hash_longs.overloads.keys()
    assert sum(copy.hash_longs.stats.cache_misses.values()) == 0
