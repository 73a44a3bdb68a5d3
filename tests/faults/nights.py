"""Two nights of a small shop: what is delivered for each, and what its tables hold then."""

from pathlib import Path

from alsobought.runtime import commits
from tests.project import Project, toml

DAYS = ("2017-11-20", "2017-11-21")
JOBS = ("purchases", "item_statistics")
TABLES = ("purchases", "rejected_purchases", "item_statistics")
HEAD = "customer,order,item,time\n"
# the last hours of a day, which in other zones are another's
FILES = (
    {
        "1.csv": ["ann,1,tea,2017-11-18 23:30", "ann,1,jam,2017-11-18 23:30",
                  "ben,2,tea,2017-11-19 23:59"],
        "2.csv": ["cid,3,tea,2017-11-19 00:00", "cid,3,milk,2017-11-19 00:00", ",,x,never"],
    },
    {
        # a correction: jam was returned, and a line is new
        "2.csv": ["cid,3,tea,2017-11-19 00:00", "cid,4,jam,2017-11-19 12:00"],
        "3.csv": ["dan,5,tea,2017-11-20 00:00", "dan,5,milk,2017-11-20 23:59",
                  "ann,6,milk,2017-11-20 20:00", "eva,,y,never"],
    },
)  # fmt: skip


def deliver(project: Project, night: int) -> None:
    """Lay the files of a night into the project."""
    project.purchases.update(max_rejected_share=0.9, max_future_share=0.9)
    for name, lines in FILES[night].items():
        project.file(f"purchases/{name}", HEAD + "".join(f"{line}\n" for line in lines))


def write_conf(project: Project, name: str = "test") -> None:
    """Write the project's environment, for processes of their own."""
    text = toml(project.conf)
    (project.home / "conf" / f"{name}.toml").write_text(text, encoding="utf-8")


def contents(home: Path, disk: Path | None = None) -> dict[str, list[tuple[str, ...]]]:
    """The rows of a project's tables as delta-rs reads them, paths without the project's folder;
    disk: where the warehouse lies, if not in the project."""
    return {name: rows_of(home, name, disk) for name in TABLES}


def rows_of(home: Path, name: str, disk: Path | None = None) -> list[tuple[str, ...]]:
    """The rows of one of the tables."""
    log = commits.log_of(f"{disk or home}/tables/{name}", name)
    found = log.delta.to_pyarrow_table().to_pylist()
    return sorted(
        tuple(str(cell).replace(f"{home}/", "") for cell in row.values()) for row in found
    )
