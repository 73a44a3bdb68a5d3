"""What is shipped: the wheel, and the zip for executors that do not have the package."""

import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from alsobought.runtime import home
from tests import command
from tests.project import REPO
from tests.rows import rows


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, as `make dist` builds it."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    subprocess.run([*build, "."], cwd=REPO, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    return path


def project_files(folder):
    """The files of a project's folders, by their paths."""
    shown = [path for name in home.FOLDERS for path in (folder / name).rglob("*.*")]
    files = [path for path in shown if path.is_file() and "__pycache__" not in path.parts]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_the_wheel_holds_the_package_and_what_init_lays(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0].split("-")[0].removesuffix(".dist") for name in names}
    assert tops == {"alsobought"}
    package = {name for name in names if name.startswith("alsobought/")}
    sources = (REPO / "libs" / "alsobought").rglob("*.py")
    assert {str(path.relative_to(REPO / "libs")) for path in sources} <= package
    assert "alsobought/runtime/log4j2.properties" in package
    laid = {name.removeprefix("alsobought/project/") for name in names if "/project/" in name}
    environments = {"conf/production.toml", "conf/demo.toml"}
    assert {name for name in laid if name.startswith("conf/")} == environments
    of_clone = {name for name in project_files(REPO) if not name.startswith("conf/")}
    assert laid == of_clone | environments
    others = {name for name in package if not name.endswith((".py", ".properties"))}
    pages = {path.name for path in (REPO / "libs/alsobought/report/templates").iterdir()}
    assert {"page.html", "page.js", "page.css"} <= pages
    assert others == {f"alsobought/project/{name}" for name in environments} | {
        f"alsobought/report/templates/{name}" for name in pages
    }


def test_where_only_the_wheel_is_installed_init_begins_a_project(wheel, other_python, tmp_path):
    (packages,) = (tmp_path / "venv").glob("lib/python*/site-packages")
    zipfile.ZipFile(wheel).extractall(packages)  # what installing it does
    shop = tmp_path / "shop"
    shop.mkdir()
    lines = ["order,customer,sku,date", "1,ann,tea,2026-01-05", "2,ben,jam,2026-01-06"]
    (shop / "orders.csv").write_text("\n".join(lines), encoding="utf-8")
    code = "from alsobought.commands.cli import main; main()"
    asked = [str(other_python), "-c", code, "init", "orders.csv"]
    ended = subprocess.run(
        asked, cwd=shop, env=command.environment(), capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert "Laid conf/, jobs/, airflow_dags/ into" in ended.stdout
    begun = project_files(shop)
    assert begun.pop("conf/shop.toml").startswith(b"# Proposed by alsobought init")
    own = {name for name in project_files(REPO) if name.startswith("conf/")}
    own -= {"conf/production.toml", "conf/demo.toml"}
    assert begun == {n: data for n, data in project_files(REPO).items() if n not in own}


@pytest.fixture
def package(tmp_path):
    """alsobought.zip, as `make dist` builds it."""
    path = tmp_path / "alsobought.zip"
    build = [sys.executable, "-m", "zipfile", "-c", str(path), "alsobought"]
    subprocess.run(build, cwd=REPO / "libs", check=True)
    return path


@pytest.fixture
def other_python(tmp_path):
    """A Python with everything that this one has, except alsobought."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    (packages,) = (tmp_path / "venv").glob("lib/python*/site-packages")
    # a .pth file in a folder that a .pth file adds is not followed, so the editable install is not
    (packages / "others.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    return tmp_path / "venv" / "bin" / "python"


def test_a_job_runs_from_the_zip_where_the_package_is_not_installed(
    counted, package, other_python, tmp_path
):
    def python(code):
        asked = [str(other_python), "-c", code]
        return subprocess.run(asked, cwd=tmp_path, env=command.environment(), check=False)

    assert python("import pyspark, numba, pydantic").returncode == 0
    assert python("import alsobought").returncode == 1

    local = rows(counted.read("co_purchases"))
    version = counted.version("co_purchases")
    elsewhere = Path(tmp_path / "elsewhere")
    elsewhere.mkdir()
    ended = command.run(
        "spark-submit", "--py-files", package, counted.home / "jobs" / "co_purchases.py",
        *command.write_conf(counted, **{"spark.master": "local[1]"}),  # each worker compiles
        home=elsewhere,
        PYSPARK_PYTHON=str(other_python),
        PYSPARK_DRIVER_PYTHON=str(other_python),
        JDK_JAVA_OPTIONS=command.QUICK_JAVA,
        NUMBA_CACHE_DIR=str(tmp_path / "loops"),
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert counted.version("co_purchases") == version + 1
    assert rows(counted.read("co_purchases")) == local
    # the loops were compiled from within the zip
    assert list((tmp_path / "loops").rglob("*.nbi")) != []
