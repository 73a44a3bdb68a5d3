"""What of this machine would keep a run from starting, found without Spark and without writing."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from alsobought.errors import Fault, JobError
from alsobought.runtime import session, setup
from alsobought.runtime.machine import is_local, machine_bytes, memory_bytes

OLDEST_JAVA = 17
SPARE = 2  # a warehouse takes less than this many times what the sources take


def machine_faults(settings: Mapping[str, str]) -> Iterator[Fault]:
    """Java, Delta's jars, and the memory that a local Spark asks for."""
    yield from _java()
    if is_local(settings):
        yield from _jars(settings)
        yield from _memory(settings)


def warehouse_faults(warehouse: str, source_bytes: int) -> Iterator[Fault]:
    """Whether a local warehouse may be written, and whether there is room for the sources' rows."""
    if "://" in warehouse:
        return
    path = Path(warehouse)
    there = next(folder for folder in (path, *path.parents) if folder.exists())
    if not os.access(there, os.W_OK | os.X_OK) or not there.is_dir():
        yield Fault(
            "warehouse", f"{there} cannot be written", "Correct its permissions, or 'warehouse'."
        )
        return
    free = shutil.disk_usage(there).free
    if free < SPARE * source_bytes:
        sizes = f"{free / 1e9:,.1f} GB free for {source_bytes / 1e9:,.1f} GB of source files"
        wrong = f"{there} has {sizes}"
        yield Fault("warehouse", wrong, "Make room, or choose another disk.")


def _java() -> Iterator[Fault]:
    try:
        session.require_java()
    except JobError as error:
        wrong, _, cure = str(error).partition(": ")
        yield Fault("Java", wrong, f"{cure[0].upper()}{cure[1:]}")
        return
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else "java"
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    match = re.search(r'version "(?:1\.)?(\d+)', said)
    if match is None or int(match[1]) < OLDEST_JAVA:
        version = f"is version {match[1]}" if match else "does not say its version"
        yield Fault("Java", f"{java} {version}", f"Install Java {OLDEST_JAVA}, or set JAVA_HOME.")


def _jars(settings: Mapping[str, str]) -> Iterator[Fault]:
    missing = [jar.name for jar in setup.jars() if not jar.is_file()]
    if missing and "delta" not in settings.get("spark.jars.packages", ""):
        wrong = f"{', '.join(missing)} not beside Spark's jars"
        yield Fault("Delta", wrong, "Run 'python -m alsobought.runtime.setup' once.")


def _memory(settings: Mapping[str, str]) -> Iterator[Fault]:
    key = "spark.driver.memory"
    if key not in settings:
        return
    asked, there = memory_bytes(settings[key]), machine_bytes()
    if asked == 0:
        yield Fault(f"spark.{key}", f"{settings[key]!r} is no size", "Write it as 4g or 512m.")
    elif asked > there:
        wrong = f"{settings[key]} is more than the machine's {there / 2**30:,.0f} GB"
        yield Fault(f"spark.{key}", wrong, f"At most half of it: {max(1, there >> 31)}g.")
