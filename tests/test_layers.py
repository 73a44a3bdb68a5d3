"""Who may import whom, and what only one room may do: read from the source, with ast."""

import ast
import importlib.util
from pathlib import Path

import pytest

REPO = Path(__file__).parents[1]
PACKAGE = REPO / "libs" / "alsobought"
JOBS = sorted((REPO / "jobs").glob("*.py"))
DAGS = sorted((REPO / "airflow_dags").glob("*.py"))
LONGEST_JOB = 60

# What a room may import of ours. A room is a folder of the package, or a module named here.
ROOMS = {
    "errors": (),
    "tables": ("tables", "errors"),
    "ingest": ("ingest", "tables", "errors"),
    "copurchase": ("copurchase", "tables", "errors"),
    "related": ("related", "copurchase", "tables", "errors"),
    "training": ("training", "tables", "errors"),
    "runtime": ("runtime", "tables", "errors"),
    # The one place that opens source files, and the one that parses their settings.
    "runtime.run": ("runtime", "tables", "errors", "ingest.files", "__version__"),
    "runtime.config": ("errors", "ingest.source", "copurchase.settings", "training.settings"),
    "runtime.session": ("errors", "ingest.files"),
    # Those that look into the engine: its set-up, its plan, its scores in words.
    "runtime.setup": ("runtime", "tables", "copurchase.engine", "copurchase.settings"),
    "runtime.plan": ("runtime", "tables", "errors", "copurchase"),
    "runtime.explain": ("runtime", "copurchase.scores"),
    # Those that show or hand out what was made for training.
    "runtime.export": ("runtime", "tables", "errors", "training", "__version__"),
    "runtime.calibration": ("runtime", "errors", "training.calibration"),
}
FOR_JOBS = (
    "ingest",
    "copurchase",
    "related",
    "training",
    "runtime.job",
    "runtime.run",
    "tables",
)

CLOCKS = {"now", "today", "utcnow", "time", "time_ns", "localtime", "gmtime", "ctime"}
CLOCKS_OF_SPARK = {"current_date", "current_timestamp", "localtimestamp", "unix_timestamp"}
SESSIONS = (".getOrCreate", "SparkSession.builder", "SparkSession.Builder", ".getActiveSession")
WRITERS = (".save", ".saveAsTable", ".insertInto", ".writeTo", "DeltaTable.forPath")


def sources(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def names_of(path: Path) -> str:
    """`runtime.store` of libs/alsobought/runtime/store.py."""
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")


def imported(path: Path) -> set[str]:
    """Every name that a file imports, also within functions: `a.b.c` of `from a.b import c`."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def of_ours(path: Path) -> set[str]:
    found = imported(path)
    return {name.removeprefix("alsobought.") for name in found if name.startswith("alsobought.")}


def used(path: Path) -> set[str]:
    """Every attribute as it is written (`time.monotonic`), and every bare name."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    attributes = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return attributes | {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def is_within(name: str, room: str) -> bool:
    return name == room or name.startswith(f"{room}.")


@pytest.mark.parametrize("path", sources(PACKAGE), ids=names_of)
def test_a_room_imports_only_the_rooms_that_it_may(path):
    module = names_of(path)
    rooms = [room for room in ROOMS if is_within(module, room)]
    may = ROOMS[max(rooms, key=len)] if rooms else ()
    wrong = [name for name in of_ours(path) if not any(is_within(name, room) for room in may)]
    assert sorted(wrong) == []


@pytest.mark.parametrize("path", sources(PACKAGE), ids=names_of)
def test_the_package_knows_no_job_no_dag_and_no_test(path):
    tops = {name.split(".")[0] for name in imported(path)}
    assert tops & {"jobs", "alsobought_jobs", "airflow_dags", "airflow", "tests", "conf"} == set()


@pytest.mark.parametrize("path", JOBS, ids=lambda path: path.stem)
def test_a_job_imports_rooms_and_no_other_job(path):
    found = imported(path)
    assert {name.split(".")[0] for name in found} & {"jobs", *(job.stem for job in JOBS)} == set()
    wrong = [n for n in of_ours(path) if not any(is_within(n, room) for room in FOR_JOBS)]
    assert sorted(wrong) == []


@pytest.mark.parametrize("path", JOBS, ids=lambda path: path.stem)
def test_a_job_is_short_and_called_like_its_file(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_JOB
    spec = importlib.util.spec_from_file_location(f"layers_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.JOB.name == path.stem
    assert module.JOB.transform.__name__ == path.stem


@pytest.mark.parametrize("path", DAGS, ids=lambda path: path.stem)
def test_a_dag_imports_nothing_of_ours_but_its_operator(path):
    tops = {name.split(".")[0] for name in imported(path)}
    assert tops <= {"datetime", "airflow", "spark_job"}


@pytest.mark.parametrize(
    "path", [*sources(PACKAGE), *JOBS, *DAGS], ids=lambda path: str(path.relative_to(REPO))
)
def test_nobody_asks_the_clock(path):
    names = used(path)
    asked = {name for name in names if name.split(".")[-1] in CLOCKS and "." in name}
    asked |= {name for name in names if name.split(".")[-1] in CLOCKS_OF_SPARK}
    asked |= {f"import {name}" for name in imported(path) if name in {"time.time", "time.time_ns"}}
    assert asked == set()


@pytest.mark.parametrize(
    "path", [*sources(PACKAGE), *JOBS, *DAGS], ids=lambda path: str(path.relative_to(REPO))
)
def test_only_the_session_and_the_set_up_make_a_session(path):
    made = {name for name in used(path) if name.endswith(SESSIONS)}
    allowed = path in {PACKAGE / "runtime" / "session.py", PACKAGE / "runtime" / "setup.py"}
    assert made == set() or allowed


@pytest.mark.parametrize("path", [*sources(PACKAGE), *JOBS], ids=lambda p: str(p.relative_to(REPO)))
def test_only_the_store_and_the_source_files_read_and_write(path):
    readers = {PACKAGE / "runtime" / "store.py", PACKAGE / "ingest" / "files.py"}
    touched = {name for name in used(path) if name.endswith((*WRITERS, "spark.read"))}
    assert touched == set() or path in readers
