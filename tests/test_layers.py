"""Who may import whom, what only one room may do, what is called how: read from the source."""

import ast
import importlib
from collections import Counter, defaultdict
from graphlib import TopologicalSorter
from pathlib import Path
from typing import get_args

import pytest

from alsobought.runtime import job as jobs
from alsobought.settings import Section, Settings
from tests.source_code import (
    DAGS,
    JOBS,
    PACKAGE,
    REPO,
    imports,
    imports_of_ours,
    module_of,
    names_used,
    shown,
    sources,
    tree,
)

LONGEST_JOB = 60
MODULES = {module_of(path): path for path in sources() if path.parent != PACKAGE}
MODULES |= {path.stem: path for path in PACKAGE.glob("*.py") if path.stem != "__init__"}
# The modules and folders that lie below all rooms.
BASE = (
    "errors", "settings", "days", "sampling", "compiled", "tables", "returns", "products",
    "storage",
)  # fmt: skip
# What each may import of the package, beside itself. A new room is one line here.
MAY_IMPORT = {
    "errors": (),
    "settings": (),
    "days": (),
    "sampling": (),
    "compiled": (),
    "tables": ("errors",),
    "storage": (),
    "returns": ("days",),
    "products": ("errors", "settings", "compiled", "tables"),
    "learn": BASE,
    "ingest": BASE,
    "copurchase": (*BASE, "learn"),
    "related": (*BASE, "learn", "copurchase"),
    "recommend": (*BASE, "learn", "copurchase", "related"),
    "training": (*BASE, "learn"),
    "evaluate": (*BASE, "learn"),
    "report": (*BASE, "learn", "copurchase", "related", "training"),
    "runtime": (
        "errors",
        "settings",
        "days",
        "compiled",
        "tables",
        "storage",
        "ingest.files",
        "ingest.loaded",
        "ingest.settings",
        "__version__",
    ),
}
ROOMS = MAY_IMPORT.keys() - {*BASE, "runtime"}
MAY_IMPORT["dataframes"] = (*BASE, *ROOMS)
MAY_IMPORT["commands"] = (*BASE, *ROOMS, "runtime", "__version__")
FOR_JOBS = (*BASE, *ROOMS, "runtime.job", "runtime.run")
EXCEPTIONS = {
    ("runtime.setup", "copurchase"),  # compiles the engine's loops by counting nine purchases
    ("runtime.setup", "related"),  # and those that rank, by ranking what it has counted
    ("runtime.setup", "recommend"),  # and those that merge the lists, by merging what it has ranked
}

STAGES = (
    "lines", "item_codes", "partition", "pack", "totals", "plan", "replicate", "count",
    "prior_cells", "histograms", "cost",
)  # fmt: skip
CLOCKS = {"now", "today", "utcnow", "time", "time_ns", "localtime", "gmtime", "ctime"}
CLOCKS_OF_SPARK = {"current_date", "current_timestamp", "localtimestamp", "unix_timestamp"}
SESSIONS = (".getOrCreate", "SparkSession.builder", "SparkSession.Builder", ".getActiveSession")
ALL_SOURCES = [*sources(), *JOBS, *DAGS]
# The formats, and the calls that read and write them.
FORMATS = ("deltalake", "delta", "pyarrow.parquet", "pyarrow.dataset")
READ_OR_WRITE = (
    "spark.read", ".readStream", ".parquet", ".save", ".saveAsTable", ".insertInto", ".writeTo",
    "ParquetFile", "ParquetDataset", "ParquetWriter", "DeltaTable", "DeltaTable.forPath",
)  # fmt: skip
OPENS_FILES = {
    "storage",
    "runtime.store", "runtime.commits", "runtime.staging", "runtime.parquet_writer",
    "runtime.judged_files", "runtime.loading_by_spark", "runtime.rejected_rows",
    "runtime.warehouse", "runtime.folder", "runtime.creation", "runtime.file_statistics",
    "runtime.maintenance", "runtime.migration",
    "ingest.files", "ingest.proposal.heads",
    "runtime.customer_files", "runtime.log_statistics", "runtime.remains",
    "copurchase.engine.stages.lines", "related.candidate_files", "training.exports.loader",
}  # fmt: skip


def is_within(name: str, folder: str) -> bool:
    return name == folder or name.startswith(f"{folder}.")


def room_of(module: str) -> str:
    return module.split(".")[0]


def modules_imported(path: Path) -> set[str]:
    """The modules of the package that a file imports, or imports something of."""
    return {
        max((module for module in MODULES if is_within(name, module)), key=len)
        for name in imports_of_ours(path)
        if name != "__version__"
    }


# Who may import whom.


def foreign(module: str) -> set[str]:
    """What a module imports from outside of its room and of what its room may import."""
    may = (room_of(module), *MAY_IMPORT[room_of(module)])
    names = imports_of_ours(MODULES[module])
    return {name for name in names if not any(is_within(name, folder) for folder in may)}


def test_every_room_has_its_line():
    assert {room_of(module) for module in MODULES} <= MAY_IMPORT.keys()


@pytest.mark.parametrize("module", sorted(MODULES))
def test_a_room_imports_only_what_it_may(module):
    excused = [folder for name, folder in EXCEPTIONS if name == module]
    wrong = [n for n in foreign(module) if not any(is_within(n, folder) for folder in excused)]
    assert sorted(wrong) == []


def test_the_exceptions_are_few_and_each_is_needed():
    assert len(EXCEPTIONS) <= 3
    for module, folder in EXCEPTIONS:
        assert any(is_within(name, folder) for name in foreign(module)), module


def test_no_modules_import_each_other_in_a_circle():
    graph = {module: modules_imported(path) - {module} for module, path in MODULES.items()}
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


def test_no_stage_of_the_engine_imports_a_later_one():
    stages = "copurchase.engine.stages"
    assert {f"{stages}.{name}" for name in STAGES} == {
        module for module in MODULES if module.startswith(f"{stages}.")
    }
    for n, name in enumerate(STAGES):
        later = {f"{stages}.{other}" for other in STAGES[n + 1 :]}
        assert modules_imported(MODULES[f"{stages}.{name}"]) & later == set(), name


@pytest.mark.parametrize("path", sources(), ids=module_of)
def test_the_package_knows_no_job_no_dag_and_no_test(path):
    tops = {name.split(".")[0] for name in imports(path)}
    assert tops & {"jobs", "alsobought_jobs", "airflow_dags", "airflow", "tests", "conf"} == set()


@pytest.mark.parametrize("path", JOBS, ids=lambda path: path.stem)
def test_a_job_imports_rooms_and_no_other_job(path):
    tops = {name.split(".")[0] for name in imports(path)}
    assert tops & {"jobs", *(job.stem for job in JOBS)} == set()
    names = imports_of_ours(path)
    assert [n for n in sorted(names) if not any(is_within(n, room) for room in FOR_JOBS)] == []


@pytest.mark.parametrize("path", DAGS, ids=lambda path: path.stem)
def test_a_dag_imports_nothing_of_ours_but_its_operator(path):
    tops = {name.split(".")[0] for name in imports(path)}
    assert tops <= {"datetime", "logging", "airflow", "spark_job", "nightly_jobs"}


# One name, one place.


def test_no_module_name_is_there_twice():
    places = defaultdict(list)
    for module, path in MODULES.items():
        if path.name != "__init__.py" and room_of(module) not in ("tables", "commands"):
            places[path.stem].append(module)
    names = Counter({name: len(modules) for name, modules in places.items()})
    twice = {name for name, count in names.items() if count > 1} - {"settings", "formulas"}
    assert {name: places[name] for name in twice} == {}


def steps_of(path: Path) -> dict[str, set[str]]:
    """The modules of rooms that are called like the job, and what the job file calls each."""
    steps: dict[str, set[str]] = {}
    for name, local in imports_of_ours(path).items():
        for module in (name, name.rpartition(".")[0]):
            if module in MODULES and room_of(module) in ROOMS and module.endswith(f".{path.stem}"):
                steps.setdefault(module, set()).add(local)
    return steps


@pytest.mark.parametrize("path", JOBS, ids=lambda path: path.stem)
def test_a_job_takes_its_step_from_the_module_of_its_name_which_has_its_test(path):
    steps = steps_of(path)
    assert len(steps) == 1, f"one module called {path.stem} in a room is wanted: {sorted(steps)}"
    ((module, local),) = steps.items()
    calls = [node for node in ast.walk(tree(path)) if isinstance(node, ast.Call)]
    called = {ast.unparse(part).split(".")[0] for c in calls for part in (c.func, *c.args)}
    assert local & called, f"{module} is imported and not called"
    test = REPO.joinpath("tests", *module.split(".")[:-1], f"test_{path.stem}.py")
    assert test.is_file(), f"{shown(test)} is missing"


@pytest.mark.parametrize("path", JOBS, ids=lambda path: path.stem)
def test_a_job_is_short_and_called_like_its_file(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_JOB
    job = jobs.load(REPO, path.stem)  # raises where it writes another table
    assert job.transform.__name__ == path.stem


# Rooms look alike inside.


def classes_of(module: str, base: type) -> list[type]:
    """The classes that a module defines and that derive from `base`."""
    values = vars(importlib.import_module(f"alsobought.{module}")).values()
    kinds = [value for value in values if isinstance(value, type) and issubclass(value, base)]
    return [kind for kind in kinds if kind.__module__ == f"alsobought.{module}"]


@pytest.mark.parametrize("module", sorted(m for m in MODULES if room_of(m) in ROOMS))
def test_the_models_of_a_rooms_sections_are_in_its_settings(module):
    elsewhere = [] if module.endswith(".settings") else classes_of(module, Settings)
    assert elsewhere == []


@pytest.mark.parametrize("path", sources(), ids=module_of)
def test_compiled_loops_are_in_kernels_or_below_all_rooms(path):
    tops = {name.split(".")[0] for name in imports(path)}
    assert "numba" not in tops or path.parent.name in ("kernels", "compiled")


@pytest.mark.parametrize("path", [p for p in sources() if p.stem == "formulas"], ids=module_of)
def test_formulas_know_no_table_and_no_setting(path):
    """Column -> Column or arrays -> arrays: names are bound to them in steps."""
    assert "DataFrame" not in names_used(path)
    bad = ("settings", "sampling", "tables", *(room for room in ROOMS if room != "learn"))
    names = imports_of_ours(path)
    assert [name for name in names if any(is_within(name, folder) for folder in bad)] == []


# A room brings its own sections.


def sections() -> list[type[Section]]:
    modules = [module for module in MODULES if module.endswith(".settings")]
    return [kind for module in modules for kind in classes_of(module, Section)]


def test_the_configuration_names_no_section_of_a_room():
    path = PACKAGE / "runtime" / "config.py"
    texts = {n.value for n in ast.walk(tree(path)) if isinstance(n, ast.Constant)}
    assert (texts | names_used(path)) & {kind.section for kind in sections()} == set()


def test_a_section_says_its_name_and_parameters_call_it_so():
    kinds = sections()
    assert len(kinds) == len({kind.section for kind in kinds}) > 0
    for job in jobs.all_jobs(REPO).values():
        for name, field in job.params.model_fields.items():
            for part in (field.annotation, *get_args(field.annotation)):
                if part in kinds:
                    assert name == part.section, job.name


# What only one place may do.


@pytest.mark.parametrize("path", ALL_SOURCES, ids=shown)
def test_nobody_asks_the_clock(path):
    names = names_used(path)
    asked = {name for name in names if name.split(".")[-1] in CLOCKS and "." in name}
    asked |= {name for name in names if name.split(".")[-1] in CLOCKS_OF_SPARK}
    asked |= {f"import {name}" for name in imports(path) if name in {"time.time", "time.time_ns"}}
    assert asked == set() or path == MODULES["runtime.commits"]  # by its times VACUUM keeps files


@pytest.mark.parametrize("path", ALL_SOURCES, ids=shown)
def test_only_the_session_and_the_set_up_make_a_session(path):
    made = {name for name in names_used(path) if name.endswith(SESSIONS)}
    allowed = path in {PACKAGE / "runtime" / "session.py", PACKAGE / "runtime" / "setup.py"}
    assert made == set() or allowed


@pytest.mark.parametrize("path", [*sources(), *JOBS], ids=shown)
def test_only_few_modules_open_tables_and_files(path):
    opened = {name for name in names_used(path) if name.endswith(READ_OR_WRITE)}
    opened |= {n for n in imports(path) if any(is_within(n, library) for library in FORMATS)}
    assert opened == set() or path in {MODULES.get(module) for module in OPENS_FILES}


RUNS_DATA = (
    "pickle.load", "pickle.loads", "cloudpickle.load", "cloudpickle.loads", "marshal.loads", "eval",
    "exec", "os.system", "os.popen", "yaml.load", "joblib.load", "subprocess.getoutput",
)  # fmt: skip


@pytest.mark.parametrize("path", ALL_SOURCES, ids=shown)
def test_nothing_of_a_table_or_a_file_is_run(path):
    """No pickle is read, no text is evaluated, and no shell is asked."""
    assert names_used(path) & {*RUNS_DATA} == set()
    keywords = {k.arg for n in ast.walk(tree(path)) if isinstance(n, ast.Call) for k in n.keywords}
    assert keywords & {"shell", "allow_pickle"} == set()


def test_the_modules_that_open_files_are_there():
    assert OPENS_FILES - MODULES.keys() == set()
