"""One report of the literal warehouse, and one browser, for all tests that look at pages."""

import shutil
from pathlib import Path

import pytest

from tests.command import separately
from tests.report import night_warehouse

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
HOW = "install it (apt-get install -y chromium), as make test does"


@pytest.fixture(scope="session")
def home(tmp_path_factory) -> Path:
    """A project with its tables."""
    folder = tmp_path_factory.mktemp("night")
    night_warehouse.project(folder)
    return folder


@pytest.fixture
def reported(home, monkeypatch):
    """reported("2024-01-03", ...) writes the report, and returns its folder."""
    monkeypatch.setenv("ALSOBOUGHT_HOME", str(home))

    def made(day, *options) -> Path:
        code, out, err = separately("report", "--env", "test", "--as-of", day, *options)
        assert (code, err) == (0, ""), out + err
        return home / "tables-report" / day

    return made


@pytest.fixture(scope="session")
def folder(home) -> Path:
    """The report of the last night."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ALSOBOUGHT_HOME", str(home))
        code, out, err = separately("report", "--env", "test", "--as-of", "2024-01-03")
    assert (code, err) == (0, ""), out + err
    return home / "tables-report" / "2024-01-03"


@pytest.fixture(scope="session")
def browser():
    """Chromium, without a window."""
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    assert program, f"Pages are tested in a real browser, and there is no Chromium: {HOW}."
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield started
        started.close()
