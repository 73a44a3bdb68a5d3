"""The same rows on a real cluster: a master and two workers, each a process of its own."""

import sys

import pytest

from tests import command
from tests.rows import rows
from tests.standalone_cluster import WORKERS, standalone_cluster


@pytest.fixture
def cluster(tmp_path):
    """A standalone cluster of two workers with one core each."""
    with standalone_cluster(tmp_path) as running:
        yield running


def test_a_cluster_counts_what_one_machine_counts(counted, cluster):
    tables = ("item_statistics", "co_purchases")
    local = {name: rows(counted.read(name)) for name in tables}
    versions = {name: counted.version(name) for name in tables}

    options = command.write_conf(counted, **cluster.settings)
    ended = command.run(
        "alsobought", "run", *tables, "--force", *options,
        home=counted.home,
        JDK_JAVA_OPTIONS=command.QUICK_JAVA,
        PYSPARK_PYTHON=sys.executable,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    # one executor of the application on each worker
    assert [len(cluster.executors(name)) for name in WORKERS] == [1, 1]
    for name in tables:
        assert counted.version(name) == versions[name] + 1
        assert rows(counted.read(name)) == local[name]
