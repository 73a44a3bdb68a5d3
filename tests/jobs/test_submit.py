"""The two ways to run a job do the same: spark-submit of its file, and the command."""

import re

from tests import command
from tests.jobs import shop
from tests.rows import rows


def test_the_command_runs_what_a_job_waits_for_and_spark_submit_writes_the_same_rows(project):
    shop.fill(project)
    options = command.write_conf(project)
    ended = command.run(
        "alsobought", "run", "related_items", "--with-upstream", *options,
        home=project.home, JDK_JAVA_OPTIONS=command.QUICK_JAVA,
    )  # fmt: skip
    # of Java not a line, though it says on stderr which options it picked up
    assert (ended.returncode, ended.stderr) == (0, "")
    assert re.findall(r"^(\w+): ", ended.stdout, re.MULTILINE) == [
        "purchases", "items", "co_purchases", "item_statistics", "related_items",
    ]  # fmt: skip
    assert shop.served(project) == shop.lists("old")
    first, version = rows(project.read("related_items")), project.version("related_items")

    job = project.home / "jobs" / "related_items.py"
    ended = command.run(
        "spark-submit", job, *options,
        home=project.home.parent, JDK_JAVA_OPTIONS=command.QUICK_JAVA,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert re.findall(r"^(\w+): ", ended.stdout, re.MULTILINE) == ["related_items"]
    assert project.version("related_items") == version + 1
    assert rows(project.read("related_items")) == first


def test_spark_submit_of_a_job_that_fails_ends_with_its_sentence_and_exit_code(project):
    options = command.write_conf(project)
    ended = command.run(
        "spark-submit", project.home / "jobs" / "related_items.py", *options,
        home=project.home, JDK_JAVA_OPTIONS=command.QUICK_JAVA,
    )  # fmt: skip
    assert ended.returncode == 1
    # spark-submit passes on what a Python driver says, errors too, as its own output
    said = "error: co_purchases is not built yet: run the job co_purchases first."
    assert ended.stdout.splitlines() == [said]
