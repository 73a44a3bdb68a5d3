"""A project home for `alsobought run`: conf/night.toml, the jobs, and the files of each night."""

import os
import shutil
import tomllib
from dataclasses import dataclass
from pathlib import Path

from benchmarks.data_sets import HERE, LOOK_BACK_DAYS, DataSet
from benchmarks.files_to_lists import CANDIDATES, METRIC, MOST_ITEMS, PLACES, SUPPORT
from benchmarks.files_to_lists.shop_files import ShopFiles

ENVIRONMENT = "night"
TASK_MEMORY_MB = 512
PURCHASES_PER_PARTITION = 2_500_000
CONFIGURATION = """\
warehouse = "{home}/warehouse"

[spark]
"spark.master" = "local[{cores}]"
"spark.driver.memory" = "{memory}"
"spark.sql.shuffle.partitions" = "{partitions}"
"spark.databricks.delta.snapshotPartitions" = "2"
"spark.local.dir" = "{home}/scratch"
"spark.sql.warehouse.dir" = "{home}/scratch/warehouse"
"spark.ui.enabled" = "false"
"spark.ui.showConsoleProgress" = "false"
"spark.eventLog.enabled" = "true"
"spark.eventLog.dir" = "file:{home}/events"
"spark.eventLog.compress" = "false"
"spark.eventLog.rolling.enabled" = "false"

[sources.purchases]
path = "{home}/files/purchases/*.csv"
format = "csv"

[sources.purchases.columns]
order_id = "order_id"
customer_id = "customer_id"
item_id = "item_id"
purchased_at = "time"
quantity = "quantity"
price = "price"

[sources.items]
path = "{home}/files/items.csv"
format = "csv"

[sources.items.columns]
item_id = "item_id"
title = "title"
brand = "brand"
category = "category"
is_available = "is_available"

[sources.redemptions]
path = "{home}/files/redemptions.csv"
format = "csv"

[sources.redemptions.columns]
offer_id = "offer_id"
redeemed_at = "redeemed_at"

[sources.engagements]
path = "{home}/files/redemptions.csv"
format = "csv"

[sources.engagements.columns]
offer_id = "offer_id"
engaged_at = "redeemed_at"

[baskets]
units = ["customer"]
look_back_days = {look_back_days}
count_repeats = false

[baskets.max_items]
customer = {most_items}

[lists]
metrics = ["{metric}"]
min_support = {support}

[jobs.co_purchases]
candidates = {candidates}
task_memory_mb = {task_memory_mb}

[jobs.related_items]
top_k = {places}
"""


def partitions_for(data: DataSet) -> int:
    """Shuffle partitions for the data set, an even number."""
    return max(4, 2 * (data.purchases // (2 * PURCHASES_PER_PARTITION)))


@dataclass(frozen=True)
class ProjectHome:
    """A folder that the command line takes for the project's; made anew for each round."""

    folder: Path
    files: ShopFiles

    @property
    def warehouse(self) -> Path:
        return self.folder / "warehouse"

    @property
    def events(self) -> Path:
        """Where Spark writes its event logs."""
        return self.folder / "events"

    @property
    def purchase_files(self) -> list[Path]:
        """The purchase files as they are now."""
        return sorted((self.folder / "files" / "purchases").glob("*.csv"))

    @property
    def items_file(self) -> Path:
        return self.folder / "files" / "items.csv"

    def create(self, data: DataSet, cores: int, memory: str) -> None:
        """Make the folder anew, with the files of the first night."""
        shutil.rmtree(self.folder, ignore_errors=True)
        for name in ("conf", "scratch", "events", "files/purchases"):
            (self.folder / name).mkdir(parents=True)
        shutil.copytree(
            HERE.parent / "jobs", self.folder / "jobs", ignore=shutil.ignore_patterns("__pycache__")
        )
        text = CONFIGURATION.format(
            home=self.folder,
            cores=cores,
            memory=memory,
            partitions=partitions_for(data),
            look_back_days=LOOK_BACK_DAYS,
            most_items=MOST_ITEMS,
            metric=METRIC,
            support=SUPPORT,
            candidates=CANDIDATES,
            task_memory_mb=TASK_MEMORY_MB,
            places=PLACES,
        )
        tomllib.loads(text)  # a folder's name could break it
        (self.folder / "conf" / f"{ENVIRONMENT}.toml").write_text(text)
        for file in self.files.months:
            _put(file, self.folder / "files" / "purchases" / file.name)
        _put(self.files.items, self.items_file)
        _put(self.files.redemptions, self.folder / "files" / "redemptions.csv")

    def add_new_day(self) -> None:
        """The day after the year has its own file."""
        _put(self.files.new_day, self.folder / "files" / "purchases" / "2017-12-01.csv")

    def add_late_file(self) -> None:
        """A file of a day months ago arrives."""
        _put(self.files.late_day, self.folder / "files" / "purchases" / "late-2017-05-15.csv")

    def grow_last_month(self) -> None:
        """The file of the year's last month is delivered again, with more lines at its end."""
        file = self.folder / "files" / "purchases" / self.files.months[-1].name
        longer = file.with_suffix(".part")
        shutil.copyfile(file, longer)
        with longer.open("ab") as out:
            out.write(self.files.added.read_bytes())
        longer.replace(file)


def _put(file: Path, there: Path) -> None:
    """Link the file, so that rounds share its bytes; copy it where links cannot be."""
    try:
        os.link(file, there)
    except OSError:
        shutil.copy2(file, there)
