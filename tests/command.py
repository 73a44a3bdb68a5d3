"""The real commands: each in a process of its own, or in this one."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from alsobought.commands.cli import app
from alsobought.runtime import class_archive
from tests.project import AS_OF, REPO, Project, toml

BIN = Path(sys.executable).parent
PATIENCE = 900  # seconds; other work may run on the same cores
# Short runs: the JVM's second compiler and its parallel collector cost more than they save. With
# one compiler Java has room for 48 MB of code; beyond that it throws code away and interprets.
QUICK = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:ReservedCodeCacheSize=256m"
# for spark-submit, whose Java starts before SETTINGS are read
QUICK_JAVA = f"{QUICK} {class_archive.java_options()}"
OURS = ("SPARK_", "PYSPARK_", "PYTHONPATH", "ALSOBOUGHT_", "JDK_JAVA_OPTIONS")
SETTINGS = {
    "spark.master": "local[2]",
    "spark.driver.memory": "1g",
    "spark.driver.extraJavaOptions": QUICK,
    "spark.sql.shuffle.partitions": "2",
    "spark.databricks.delta.snapshotPartitions": "2",
    "spark.ui.enabled": "false",
}
# For sessions of few rows: to plan a query anew, and to compile its Java, costs more than it saves.
# Runs as a user starts them do both: those of jobs/test_submit.py and of packaging.
FEW_ROWS = {
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}


def environment(**more: str) -> dict[str, str]:
    """The variables of a process that knows nothing of the tests, its venv activated."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    # spark-submit looks for pyspark in the python3 that is first on the PATH
    path = os.pathsep.join([str(BIN), os.environ.get("PATH", "")])
    return kept | {"TZ": "UTC", "PATH": path} | more


def start(*words: str | Path, home: Path, **env: str) -> subprocess.Popen[str]:
    """A command that runs; `alsobought` and `spark-submit` are those of this Python."""
    command = [str(BIN / words[0]), *map(str, words[1:])]
    return subprocess.Popen(
        command,
        cwd=home,
        env=environment(**env),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,  # so that all of its processes can be ended together
    )


def ended(process: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
    """The process when it has ended by itself."""
    try:
        out, err = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def run(*words: str | Path, home: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """A command from start to end."""
    return ended(start(*words, home=home, **env))


def printed(*words: str) -> tuple[int, list[str]]:
    """The exit code and the lines of a command that runs in this process and does not need Spark.

    With single spaces; rules and empty lines are left out.
    """
    result = CliRunner().invoke(app, words)
    lines = [" ".join(line.split()) for line in result.output.splitlines()]
    return result.exit_code, [line for line in lines if line.strip("─")]


def separately(*words: str) -> tuple[int, str, str]:
    """The same: the exit code, all of stdout, all of stderr."""
    result = CliRunner().invoke(app, words)
    return result.exit_code, result.stdout, result.stderr


def write_conf(project: Project, **spark: Any) -> list[str]:
    """Write conf/test.toml for processes of their own; returns the options of their commands."""
    project.conf["spark"] = SETTINGS | spark
    (project.home / "conf" / "test.toml").write_text(toml(project.conf), encoding="utf-8")
    return ["--env", "test", "--as-of", AS_OF]


__all__ = [
    "QUICK",
    "QUICK_JAVA",
    "REPO",
    "ended",
    "environment",
    "printed",
    "run",
    "start",
    "write_conf",
]
