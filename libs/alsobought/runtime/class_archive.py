"""Spark's Java classes, parsed and verified once a machine instead of at every start of Java.

Java's own class-data sharing: an archive beside pyspark's jars, which setup makes. Java looks by
itself whether the archive is of its own build and of these jars, and does without it where not.
Run as `python -m alsobought.runtime.class_archive` it prints where the archive lies.
"""

import subprocess
import sys
from pathlib import Path

import pyspark
from pyspark import SparkContext

from alsobought.runtime.java import LATE_SECOND_COMPILER

ARCHIVE = Path(pyspark.__file__).parent / "classes.jsa"
DEFAULTS = Path(pyspark.__file__).parent / "conf" / "spark-defaults.conf"
SILENT = "-Xlog:cds=off,cds+dynamic=off"  # an archive that does not fit is worth no line


def java_options() -> str:
    """The options by which Java uses the archive; "" where there is none."""
    return f'"-XX:SharedArchiveFile={ARCHIVE}" {SILENT}' if ARCHIVE.is_file() else ""


def make(rehearsal: str) -> Path:
    """Run the Python code `rehearsal`, and archive the Java classes that it loads.

    The code calls `end_java` at its end, and gives the session the Java options
    `class_archive.recording()`. Returns the archive. Cost: 200 MB of disk.
    """
    ARCHIVE.unlink(missing_ok=True)  # Java records nothing while it uses one
    if DEFAULTS.is_file() and str(ARCHIVE) in DEFAULTS.read_text(encoding="utf-8"):
        DEFAULTS.unlink()  # ours, by which it would
    subprocess.run([sys.executable, "-c", rehearsal], check=True)
    return _part().rename(ARCHIVE)


def offer_to_spark_submit() -> None:
    """Have this pyspark's spark-submit start Java as `alsobought` does: it starts before any job.

    By the defaults that it reads where SPARK_CONF_DIR names no others; a file that is there stays.
    """
    if not DEFAULTS.exists():
        DEFAULTS.parent.mkdir(exist_ok=True)
        options = f"{java_options()} {LATE_SECOND_COMPILER}".strip()
        DEFAULTS.write_text(f"spark.driver.extraJavaOptions {options}\n", encoding="utf-8")


def recording() -> str:
    """The options by which Java archives its classes when it ends."""
    return f'"-XX:ArchiveClassesAtExit={_part()}" {SILENT}'


def end_java() -> None:
    """End this process's Java, and wait until it has written its archive."""
    gateway = SparkContext._gateway
    if gateway is not None:
        gateway.shutdown()
        java = gateway.proc
        java.stdin.close()
        java.wait()


def _part() -> Path:
    """Where the archive is written: half of one must never pass for a whole one."""
    return ARCHIVE.with_suffix(".part")


if __name__ == "__main__":
    sys.stdout.write(f"{ARCHIVE}\n")
