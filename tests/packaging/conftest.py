"""A shop that this machine has counted, for those that count it in another way."""

import pytest

from tests.jobs import shop
from tests.project import Project


@pytest.fixture(scope="session")
def counted(spark, tmp_path_factory):
    """A project with the tables of the shop; a test adds a version to them, of the same rows."""
    project = Project(tmp_path_factory.mktemp("counted"), spark)
    shop.fill(project)
    project.run_jobs("purchases", "item_statistics", "co_purchases")
    return project
