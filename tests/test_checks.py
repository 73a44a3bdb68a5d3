"""Every way to check a change runs the same commands: .ci/run, the hooks, the workflow, make."""

import re
import subprocess
import tomllib

import yaml

from tests.source_code import REPO


def yaml_of(name):
    return yaml.safe_load((REPO / name).read_text(encoding="utf-8"))


def test_the_hooks_run_what_ci_runs():
    script = (REPO / ".ci" / "run").read_text(encoding="utf-8")
    commands = re.findall(r"^make .*$", script, re.MULTILINE)
    (repo,) = yaml_of(".pre-commit-config.yaml")["repos"]
    assert repo["repo"] == "local"
    assert [hook["entry"] for hook in repo["hooks"]] == commands == ["make lint", "make test"]


def test_the_workflow_runs_ci_on_the_python_that_the_package_asks_for():
    (job,) = yaml_of(".github/workflows/ci.yml")["jobs"].values()
    assert [step["run"] for step in job["steps"] if "run" in step] == [".ci/run"]
    given = {step["uses"].partition("@")[0]: step.get("with") for step in job["steps"][:-1]}
    tools = tomllib.loads((REPO / "pyproject.toml").read_text(encoding="utf-8"))
    python = given["actions/setup-python"]["python-version"]
    assert tools["project"]["requires-python"] == f">={python},<3.{int(python[2:]) + 1}"
    assert tools["tool"]["mypy"]["python_version"] == python
    assert given["actions/setup-java"]["java-version"] == "17"


def test_make_help_names_every_target():
    text = (REPO / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^([a-z0-9-]+):", text, re.MULTILINE)
    shown = subprocess.run(["make", "help"], cwd=REPO, capture_output=True, text=True, check=True)
    lines = [line for line in shown.stdout.splitlines() if not line.startswith("make[")]
    assert [line.split()[0] for line in lines] == targets
    assert len({re.match(r"\S+ +", line).end() for line in lines}) == 1  # one column
    phony = re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)[1]
    assert sorted(phony.split()) == sorted(targets)


def test_contributing_names_what_is_there():
    text = (REPO / "CONTRIBUTING.md").read_text(encoding="utf-8")
    paths = set(re.findall(r"\b(?:tests|docs|libs|benchmarks|airflow_dags)/[\w/.]*\w", text))
    assert len(paths) > 8
    assert [path for path in sorted(paths) if not (REPO / path).exists()] == []
    makefile = (REPO / "Makefile").read_text(encoding="utf-8")
    targets = {name for line in re.findall(r"`?make ([a-z -]+)", text) for name in line.split()}
    assert targets - set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE)) == set()
    assert len(text.splitlines()) <= 80
