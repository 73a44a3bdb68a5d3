"""A project's home in a temporary folder: jobs/, conf/test.toml, source files, tables."""

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from deltalake import DeltaTable
from py4j.protocol import Py4JError
from pyarrow.lib import ArrowException
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from alsobought.errors import JobError
from alsobought.runtime import job as jobs
from alsobought.runtime import progress
from alsobought.runtime.faults import sentence
from alsobought.runtime.run import context, execute_all

REPO = Path(__file__).parents[1]
AS_OF = "2017-12-01"


def settings() -> dict[str, Any]:
    """A complete environment; a test overrides what it is about."""
    return {
        "warehouse": "tables",
        "spark": {},
        "sources": {
            "purchases": {
                "path": "purchases",
                "format": "csv",
                "columns": {
                    "customer_id": "customer",
                    "order_id": "order",
                    "item_id": "item",
                    "purchased_at": "time",
                },
            },
            "items": {
                "path": "items",
                "format": "csv",
                "columns": {"item_id": "item", "title": "title"},
            },
        },
        "baskets": {
            "units": ["order", "customer"],
            "look_back_days": 365,
            "count_repeats": True,
            "max_items": {"order": 100, "customer": 100},
        },
        "lists": {"metrics": ["pearson_residual", "lift"], "min_support": 1},
        "jobs": {
            "co_purchases": {"candidates": 10, "task_memory_mb": 64},
            "related_items": {"top_k": 5},
        },
    }


def offer_settings() -> dict[str, Any]:
    """The sections that only shops with offers have, to be merged into `settings()`."""

    def events(name: str, **columns: Any) -> dict[str, Any]:
        return {"path": name, "format": "csv", "columns": {"offer_id": "offer", **columns}}

    return {
        "sources": {
            "offers": events("offers", customer_id="customer", issued_at="time"),
            "engagements": events("engagements", engaged_at="time"),
            "redemptions": events("redemptions", redeemed_at="time"),
        },
        "redemption": {
            "attribution_days": 30,
            "observation_days": 7,
            "methods": ["none", "snapshot_with_engagement"],
            "model": "logistic",
            "replays": 2,
            "training_rows": 1000,
            "min_matured": 1,
            "floor": 0.05,
            "seed": 1,
        },
    }


def toml(values: Mapping[str, Any], section: str = "") -> str:
    """Nested dicts as TOML."""
    plain = {key: value for key, value in values.items() if not isinstance(value, Mapping)}
    lines = [f"{json.dumps(key)} = {literal(value)}" for key, value in plain.items()]
    head = f"[{section}]\n" if section else ""
    tables = [
        toml(value, f"{section}.{json.dumps(key)}" if section else json.dumps(key))
        for key, value in values.items()
        if isinstance(value, Mapping)
    ]
    return head + "\n".join(lines) + "\n" + "".join(tables)


def literal(value: Any) -> str:
    """A value in one line of TOML; JSON's strings, numbers and booleans are TOML's too."""
    if isinstance(value, Mapping):
        fields = (f"{json.dumps(key)} = {literal(field)}" for key, field in value.items())
        return f"{{ {', '.join(fields)} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    return json.dumps(value)


@dataclass
class Project:
    """One temporary project, whose jobs run in the tests' own session."""

    home: Path
    spark: SparkSession
    conf: dict[str, Any] = field(default_factory=settings)

    def __post_init__(self) -> None:
        shutil.copytree(REPO / "jobs", self.home / "jobs")
        (self.home / "conf").mkdir()

    @property
    def purchases(self) -> dict[str, Any]:
        """The section [sources.purchases], to be changed."""
        return self.conf["sources"]["purchases"]

    @property
    def items(self) -> dict[str, Any]:
        """The section [sources.items], to be changed."""
        return self.conf["sources"]["items"]

    def have_offers(self) -> None:
        """Give the environment the sections of a shop with offers."""
        given = offer_settings()
        self.conf["sources"] |= given["sources"]
        self.conf["redemption"] = given["redemption"]

    def file(self, name: str, content: str | bytes) -> Path:
        """A source file in the project's folder."""
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def run_job(self, name: str, as_of: str = AS_OF, *, reload: bool = False) -> list[str]:
        """Run a job; returns the lines that it prints, without the seconds that it took."""
        return self.run_jobs(name, as_of=as_of, reload=reload)

    def run_jobs(self, *names: str, as_of: str = AS_OF, reload: bool = False) -> list[str]:
        """Run jobs in one run; returns the lines that they print, as `run_job` does."""
        (self.home / "conf" / "test.toml").write_text(toml(self.conf), encoding="utf-8")
        in_order = [jobs.load(self.home, name) for name in names]
        where = context(self.home, "test", date.fromisoformat(as_of), in_order)
        where = replace(where, reload=reload)
        with progress.OUT.capture() as printed:
            execute_all(in_order, where, self.spark)
        lines = [line.strip() for line in printed.get().splitlines()]
        return [re.sub(r" in \d+\.\d s, [\d,]+ MB shuffled$", "", line) for line in lines]

    def refusal(self, name: str, as_of: str = AS_OF) -> str:
        """Run a job that must fail; returns the sentence that its user reads, paths shortened."""
        try:
            self.run_job(name, as_of)
        except JobError as error:
            said = str(error)
        except (PySparkException, Py4JError) as error:
            said = sentence(str(error))
        except (OSError, ArrowException) as error:
            said = sentence(f"{type(error).__name__}: {error}", "It failed")
        else:
            raise AssertionError(f"{name} did not fail")
        return said.replace(f"{self.home}/", "")

    def read(self, table: str) -> DataFrame:
        """A table as it lies in Delta."""
        return self.spark.read.format("delta").load(str(self.home / "tables" / table))

    def version(self, table: str) -> int:
        """The number of the table's newest commit."""
        return DeltaTable(str(self.home / "tables" / table)).version()
