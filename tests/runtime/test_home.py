"""Finding the project's folder."""

import pytest

from alsobought.errors import ConfigError
from alsobought.runtime import home


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """project/ with conf/ and jobs/, a folder deep inside it, and one beside it."""
    monkeypatch.delenv("ALSOBOUGHT_HOME", raising=False)
    for name in ("project/conf", "project/jobs", "project/a/b", "elsewhere/conf"):
        (tmp_path / name).mkdir(parents=True)
    return tmp_path.resolve()


def test_the_nearest_folder_upwards_with_conf_and_jobs(folders):
    assert home.find(folders / "project") == folders / "project"
    assert home.find(folders / "project" / "a" / "b") == folders / "project"


def test_it_starts_where_the_command_is_given(folders, monkeypatch):
    monkeypatch.chdir(folders / "project" / "a")
    assert home.find() == folders / "project"


def test_the_variable_goes_before_the_folder(folders, monkeypatch):
    monkeypatch.setenv("ALSOBOUGHT_HOME", str(folders / "project"))
    assert home.find(folders / "elsewhere") == folders / "project"


def test_no_project_upwards(folders):
    with pytest.raises(ConfigError) as refused:
        home.find(folders / "elsewhere")
    assert str(refused.value) == (
        f"Neither {folders}/elsewhere nor a folder above it has conf/ and jobs/: "
        "go to the project's folder, or set ALSOBOUGHT_HOME to it; 'alsobought init FILE...' "
        "begins one."
    )


def test_a_variable_that_names_another_folder_is_not_passed_over(folders, monkeypatch):
    monkeypatch.setenv("ALSOBOUGHT_HOME", str(folders / "elsewhere"))
    with pytest.raises(ConfigError) as refused:
        home.find(folders / "project")
    assert str(refused.value) == (
        f"ALSOBOUGHT_HOME is {folders}/elsewhere, which has no conf/ and jobs/."
    )
