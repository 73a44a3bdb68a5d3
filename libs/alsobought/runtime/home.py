"""Where the project lies: the folder that holds conf/ and jobs/."""

import os
from pathlib import Path

from alsobought.errors import ConfigError


def find(start: Path | None = None) -> Path:
    """The nearest folder, from `start` upwards, with conf/ and jobs/; ALSOBOUGHT_HOME goes first.

    Raises ConfigError where there is none.
    """
    given = os.environ.get("ALSOBOUGHT_HOME")
    if given:
        return _checked(Path(given))
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if _is_home(folder):
            return folder
    raise ConfigError(
        f"Neither {here} nor a folder above it has conf/ and jobs/: "
        f"go to the project's folder, or set ALSOBOUGHT_HOME to it."
    )


def _is_home(folder: Path) -> bool:
    return (folder / "conf").is_dir() and (folder / "jobs").is_dir()


def _checked(folder: Path) -> Path:
    if not _is_home(folder):
        raise ConfigError(f"ALSOBOUGHT_HOME is {folder}, which has no conf/ and jobs/.")
    return folder.resolve()
