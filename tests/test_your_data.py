"""docs/your-data.md: every command on it is run, and prints what the page says that it prints."""

import re
import shlex
import shutil
import subprocess

import pytest

from alsobought.commands import init
from alsobought.runtime import session
from tests.command import printed
from tests.project import REPO

PAGE = (REPO / "docs" / "your-data.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```console\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
(TOML,) = re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
COPY = "cp -r docs/your-data my-shop && cd my-shop"
CUT = "…"


@pytest.fixture
def shop(tmp_path, monkeypatch, spark):
    """The extract in a folder of its own, where commands find the tests' own session."""
    folder = tmp_path / "my-shop"
    shutil.copytree(REPO / "docs" / "your-data", folder)
    monkeypatch.delenv("ALSOBOUGHT_HOME", raising=False)
    monkeypatch.delenv("ALSOBOUGHT_ENV", raising=False)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(init, "machine_bytes", lambda: 8 << 30)
    monkeypatch.setattr(session, "build", lambda *_, **__: spark)
    monkeypatch.setattr(type(spark), "stop", lambda _: None)  # other tests need it
    return folder


def commands():
    """Each command of the page, and the lines that it prints."""
    for block in BLOCKS:
        for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *lines = step.replace("\\\n", "").splitlines()
            yield command, [" ".join(line.split()) for line in lines if line.strip("─ ")]


def outcome(command, folder):
    """The lines that a command prints, with single spaces; it must end well."""
    if command == COPY:
        return []
    if command.startswith("alsobought "):
        code, lines = printed(*shlex.split(command)[1:])
        assert code == 0, lines
        return [line.replace(f"{folder}", "my-shop") for line in lines]
    ended = subprocess.run(command, cwd=folder, shell=True, check=True, capture_output=True)
    return ended.stdout.decode().splitlines()


def differing(expected, lines):
    """The first line of the page that is not printed where the page has it, or None.

    A line … stands for any number of lines, and one at the end of a line for the rest of it.
    """
    place, is_next = 0, True
    for line in expected:
        if line == CUT:
            is_next = False
            continue
        fits = [
            n
            for n, text in enumerate(lines[place:], place)
            if text == line or (line.endswith(CUT) and text.startswith(line.removesuffix(CUT)))
        ]
        if not fits or (is_next and fits[0] != place):
            return line
        place, is_next = fits[0] + 1, True
    return None if not is_next or place == len(lines) else lines[place]


def test_every_command_prints_what_the_page_says(shop):
    for command, expected in commands():
        lines = outcome(command, shop)
        print(f"$ {command}", *lines, sep="\n")  # noqa: T201 - shown where the test fails
        if command.startswith("alsobought init"):
            assert (shop / "conf" / "shop.toml").read_text(encoding="utf-8") == TOML
        if expected:
            assert differing(expected, lines) is None, command
