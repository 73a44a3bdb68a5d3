"""The recipes of docs/extending.md, each followed once, to the letter, in a copy of the project."""

import os
import re
import shutil
import subprocess
import sys
import textwrap
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.source_code import REPO

GUIDE = (REPO / "docs" / "extending.md").read_text(encoding="utf-8")
RECIPES = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", GUIDE, re.MULTILINE | re.DOTALL))
CODE = re.compile(
    r"^```\w+\n# (\S+?)(?:, (in|before|after|at the end)(?: (.+?))?)?\n(.*?)^```\n", re.M | re.S
)
MOST_LINES = 10
COPIED = ("libs", "jobs", "tests", "conf", "airflow_dags", "pyproject.toml")
# What the copy's tests need not do again; the proofs and the pasted tests are named.
ALWAYS = ("tests/extending_proofs.py", "tests/test_layers.py", "tests/test_functions.py")


@dataclass(frozen=True)
class Block:
    """One code block of a recipe: the file that it goes to, and where in it."""

    path: str
    place: str
    """in a list or dictionary, before a statement, after a line, at the end; "": a new file."""
    anchor: str
    """How that list, statement or line begins."""
    code: str

    def paste(self, root: Path) -> None:
        """Do with the code what a person would do."""
        path = root / self.path
        assert path.exists() == bool(self.place), f"{self.path} {self.place}"
        if not self.place:
            path.write_text(self.code, encoding="utf-8")
            return
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        path.write_text("".join(self._pasted(lines)), encoding="utf-8")

    def _pasted(self, lines: list[str]) -> list[str]:
        if self.place == "at the end":
            return [*lines, f"\n\n{self.code}"]
        begins = re.compile(rf"( *){re.escape(self.anchor)}(?!\w)")
        ((n, indent),) = ((i, m[1]) for i, line in enumerate(lines) if (m := begins.match(line)))
        code = textwrap.indent(self.code, indent)
        if self.place == "before":
            return [*lines[:n], code, "\n" if indent else "\n\n", *lines[n:]]
        if self.place == "after":
            return [*lines[: n + 1], code, *lines[n + 1 :]]
        entry = self.code.strip().rstrip(",")
        if not lines[n].endswith(("(\n", "[\n", "{\n")):  # a list of one line
            return [*lines[:n], f"{lines[n].rstrip()}, {entry}\n", *lines[n + 1 :]]
        closes = re.compile(rf"{indent}[\])}}]")
        end = next(i for i in range(n + 1, len(lines)) if closes.match(lines[i]))
        return [*lines[:end], f"{indent}    {entry},\n", *lines[end:]]


BLOCKS = {name: [Block(*found) for found in CODE.findall(text)] for name, text in RECIPES.items()}


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the project in which every recipe has been followed."""
    root = tmp_path_factory.mktemp("extended")
    for name in COPIED:
        if (REPO / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(REPO / name, root / name, ignore=ignored)
        else:
            shutil.copy(REPO / name, root / name)
    for blocks in BLOCKS.values():
        for block in blocks:
            block.paste(root)
    return root


@pytest.fixture(scope="module")
def outcomes(copy):
    """{test file: {test: how it failed, or None}} of the copy's proofs and pasted tests."""
    pasted = {b.path for blocks in BLOCKS.values() for b in blocks if "/test_" in b.path}
    report = copy / "report.xml"
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *ALWAYS, *sorted(pasted), f"--junitxml={report}"],
        cwd=copy,
        env=os.environ
        | {"PYTHONPATH": str(copy / "libs"), "NUMBA_CACHE_DIR": str(copy / "compiled")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode in (0, 1), run.stdout + run.stderr  # all passed, or some failed
    found = defaultdict(dict)
    for case in ElementTree.parse(report).iter("testcase"):
        path = case.get("classname").replace(".", "/") + ".py"
        failed = [part.get("message", "") + (part.text or "") for part in case]
        found[path][case.get("name")] = "\n".join(failed) or None
    return found


def test_every_recipe_is_followed():
    """Each code block says where it goes, so that none is left out."""
    assert list(RECIPES) == ["A table", "A job", "A score", "A weight method", "A command"]
    for name, text in RECIPES.items():
        assert len(BLOCKS[name]) == text.count("```") // 2 > 0, name


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_is_short(name):
    steps = re.sub(r"^```.*?^```\n", "", RECIPES[name], flags=re.M | re.S)
    assert len(steps.split("\n\n")) > 1
    assert len([line for line in steps.splitlines() if line.strip()]) <= MOST_LINES


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_does_what_it_promises(name, outcomes):
    proof = "test_" + name.lower().replace(" ", "_")
    assert outcomes["tests/extending_proofs.py"].get(proof, "it did not run") is None
    for block in BLOCKS[name]:
        if "/test_" in block.path:
            assert set(outcomes[block.path].values()) == {None}


def test_the_extended_project_keeps_the_habits_of_the_house(outcomes):
    for path in ALWAYS[1:]:
        assert outcomes[path]
        assert {name: said for name, said in outcomes[path].items() if said} == {}


def test_the_pasted_code_is_in_shape(copy):
    ruff = Path(sys.executable).parent / "ruff"
    paths = {block.path for blocks in BLOCKS.values() for block in blocks}
    for command in ("format --check", "check"):
        words = [ruff, *command.split(), *sorted(path for path in paths if path.endswith(".py"))]
        run = subprocess.run(words, cwd=copy, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout
