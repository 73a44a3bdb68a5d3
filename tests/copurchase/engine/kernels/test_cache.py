"""Compiled loops are kept under a stamp of everything that they are compiled from."""

import shutil
from pathlib import Path

import pytest

import alsobought.copurchase
from alsobought.copurchase.engine.kernels import best_candidates, cache

ROOM = Path(alsobought.copurchase.__file__).parent


@pytest.fixture
def room(tmp_path):
    return Path(shutil.copytree(ROOM, tmp_path / "copurchase"))


def test_loops_are_kept_under_the_stamp():
    path = best_candidates.expected_of._cache._cache_path
    assert path.endswith(f"kernels-{cache.digest(ROOM)}")


@pytest.mark.parametrize(
    "source",
    [
        "scores.py",
        "formulas.py",
        *(f"engine/kernels/{file.name}" for file in (ROOM / "engine" / "kernels").glob("*.py")),
    ],
)
def test_a_change_of_any_source_changes_the_stamp(room, source):
    before = cache.digest(room)
    with (room / source).open("a") as file:
        file.write("# changed\n")
    assert cache.digest(room) != before


def test_a_new_kernel_changes_the_stamp_and_a_stage_does_not(room):
    before = cache.digest(room)
    (room / "engine" / "stages" / "new.py").touch()
    assert cache.digest(room) == before
    (room / "engine" / "kernels" / "new.py").touch()
    assert cache.digest(room) != before


def test_every_compiled_function_is_kept_there(room):
    """A function that is kept elsewhere would outlive a change of another kernel."""
    for function in (best_candidates.mark_best, best_candidates.write_best):
        assert f"kernels-{cache.digest(room)}" in function._cache._cache_path
