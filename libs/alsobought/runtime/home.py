"""Where the project lies: the folder that holds conf/ and jobs/."""

import os
import shutil
from pathlib import Path

from alsobought.errors import ConfigError

FOLDERS = ("conf", "jobs", "airflow_dags")


def find(start: Path | None = None) -> Path:
    """The nearest folder, from `start` upwards, with conf/ and jobs/; ALSOBOUGHT_HOME goes first.

    Raises ConfigError where there is none.
    """
    root = find_or_none(start)
    if root is None:
        raise ConfigError(
            f"Neither {(start or Path.cwd()).resolve()} nor a folder above it has conf/ and jobs/: "
            f"go to the project's folder, or set ALSOBOUGHT_HOME to it; 'alsobought init FILE...' "
            f"begins one."
        )
    return root


def find_or_none(start: Path | None = None) -> Path | None:
    """The same, or None. Raises ConfigError where ALSOBOUGHT_HOME is no such folder."""
    given = os.environ.get("ALSOBOUGHT_HOME")
    if given:
        return _checked(Path(given))
    here = (start or Path.cwd()).resolve()
    return next((folder for folder in (here, *here.parents) if _is_home(folder)), None)


def lay(folder: Path) -> list[str]:
    """Copy those of conf/, jobs/ and airflow_dags/ that are not there into a project's folder.

    Returns their names. They come with the package: in a wheel within it, in a clone beside it.
    """
    absent = [name for name in FOLDERS if not (folder / name).exists()]
    for name in absent:
        ignored = shutil.ignore_patterns("__pycache__", ".*")
        shutil.copytree(_origin() / name, folder / name, ignore=ignored)
    return absent


def is_laid(folder: Path, file: str) -> bool:
    """Whether a project's folder has a file, or would have it after `lay`."""
    is_there = (folder / Path(file).parts[0]).exists()
    return ((folder if is_there else _origin()) / file).exists()


def _origin() -> Path:
    package = Path(__file__).parents[1]
    return package / "project" if (package / "project").is_dir() else package.parents[1]


def _is_home(folder: Path) -> bool:
    return (folder / "conf").is_dir() and (folder / "jobs").is_dir()


def _checked(folder: Path) -> Path:
    if not _is_home(folder):
        raise ConfigError(f"ALSOBOUGHT_HOME is {folder}, which has no conf/ and jobs/.")
    return folder.resolve()
