"""The command `run`: what it refuses, in which words and with which exit code."""

import pytest
from typer.testing import CliRunner

from alsobought.commands.cli import app
from tests import command
from tests.project import REPO, settings, toml

DAY = ["--as-of", "2017-12-01"]


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A project with one environment and no tables; commands run in it."""
    (tmp_path / "conf").mkdir()
    (tmp_path / "jobs").symlink_to(REPO / "jobs")
    (tmp_path / "conf" / "test.toml").write_text(toml(settings()), encoding="utf-8")
    monkeypatch.setenv("ALSOBOUGHT_HOME", str(tmp_path))
    return tmp_path


def refused(*words):
    """The exit code and the error of a command that does not get as far as Spark."""
    result = CliRunner().invoke(app, ["run", *words])
    assert result.stdout == ""
    return result.exit_code, result.stderr


def test_neither_names_nor_all(home):
    refusal = (1, "error: Name the jobs to run, or give --all.\n")
    assert refused("--env", "test", *DAY) == refusal
    assert refused("items", "--all", "--env", "test", *DAY) == refusal


def test_options_that_ask_for_the_opposite(home):
    for option in ("--force", "--reload"):
        assert refused("--all", "--resume", option, "--env", "test", *DAY) == (
            1,
            "error: --resume leaves out what --force and --reload ask for: give one.\n",
        )


def test_parameters_of_a_job_that_does_not_run(home):
    path = home / "conf" / "test.toml"
    path.write_text(path.read_text(encoding="utf-8").replace('"top_k" = 5', '"top_k" = 0'))
    assert refused("items", "--env", "test", *DAY) == (
        1,
        f"error: {path}: jobs.related_items.top_k input should be greater than or equal to 1, "
        "got 0.\n",
    )


def test_an_environment_elsewhere(home):
    (home / "x.toml").touch()
    assert refused("items", "--env", "../x", *DAY) == (
        1,
        f"error: No environment is called '../x'; {home}/conf has: test.\n",
    )


def test_an_unknown_environment(home):
    assert refused("items", "--env", "night", *DAY) == (
        1,
        f"error: No environment is called 'night'; {home}/conf has: test.\n",
    )


def test_an_unknown_job(home):
    names = ", ".join(sorted(path.stem for path in (REPO / "jobs").glob("*.py")))
    assert refused("item", "--env", "test", *DAY) == (
        1,
        f"error: No job is called 'item'; there are: {names}.\n",
    )


@pytest.mark.parametrize("day", ["yesterday", "2017-13-01", "01.12.2017", ""])
def test_a_day_that_is_none(home, day):
    assert refused("items", "--env", "test", "--as-of", day) == (
        1,
        f"error: --as-of {day!r} is not a day: write it as 2017-12-01.\n",
    )


def test_an_unknown_key(home):
    path = home / "conf" / "test.toml"
    path.write_text('warehose = "x"\n' + path.read_text(encoding="utf-8"), encoding="utf-8")
    assert refused("items", "--env", "test", *DAY) == (
        1,
        f"error: {path}: warehose is not a known key.\n",
    )


def test_a_warehouse_that_cannot_be_written_is_told_before_spark_starts(home):
    (home / "tables").touch()
    assert refused("items", "--env", "test", *DAY) == (
        1,
        f"error: The warehouse {home}/tables cannot be written (File exists): "
        "correct its permissions, or 'warehouse' in the environment's TOML.\n",
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["items", "--env", "test"], "Missing option '--as-of'"),
        (["items", *DAY], "Missing option '--env'"),
        (["items", "--env", "test", "--as-off", "2017-12-01"], "No such option: --as-off"),
        (["items", "--env", "test", *DAY, "--with-upsteam"], "No such option: --with-upsteam"),
    ],
)
def test_a_mistyped_or_missing_option_is_exit_code_2(home, words, message):
    code, stderr = refused(*words)
    assert code == 2
    assert message in stderr


def test_outside_of_a_project(tmp_path, monkeypatch):
    monkeypatch.delenv("ALSOBOUGHT_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    assert refused("items", "--env", "test", *DAY) == (
        1,
        f"error: Neither {tmp_path} nor a folder above it has conf/ and jobs/: "
        "go to the project's folder, or set ALSOBOUGHT_HOME to it; 'alsobought init FILE...' "
        "begins one.\n",
    )


SAID = "error: co_purchases is not built yet: run the job co_purchases first."


def test_a_job_that_fails_says_one_line_and_nothing_else(project):
    options = command.write_conf(project)
    ended = command.run("alsobought", "run", "related_items", *options, home=project.home)
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, "", f"{SAID}\n")


def test_with_debug_the_whole_trace_comes_first(project):
    options = command.write_conf(project)
    ended = command.run(
        "alsobought", "run", "related_items", *options, "--debug",
        home=project.home, JDK_JAVA_OPTIONS=command.QUICK_JAVA,
    )  # fmt: skip
    assert ended.returncode == 1
    lines = ended.stderr.splitlines()
    assert any("Traceback (most recent call last)" in line for line in lines)
    assert lines[-1] == SAID
