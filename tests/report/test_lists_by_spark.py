"""The report's lists by Spark's workers and by one process, of the same tables."""

from datetime import date

from alsobought.commands.earlier_lists import before
from alsobought.commands.listed_items import Compared, numbered
from alsobought.commands.lists_by_spark import made_by_spark
from alsobought.commands.lists_on_disk import made_on_disk
from alsobought.commands.night_tables import NightTables
from alsobought.report import changed_lists
from alsobought.runtime import config
from alsobought.runtime.scratch import Scratch
from alsobought.runtime.warehouse import Warehouse


def test_both_ways_make_the_same_shards_and_find_the_same_changes(home, spark, tmp_path):
    warehouse = Warehouse(str(home / "tables"))
    environment = config.load_sections(home, "test")
    tables = NightTables(warehouse, environment, "test", date(2024, 1, 3))
    earlier = before(tables, "2024-01-03")
    compared = Compared(tables, "2024-01-03", earlier, numbered(tables, "2024-01-03", earlier))
    alone, by_spark = {}, {}
    with Scratch(tmp_path / "rows") as scratch:
        parts = list(made_on_disk(compared, scratch, alone.__setitem__))
    parts_of_spark = list(made_by_spark(compared, spark, by_spark.__setitem__))
    assert by_spark == alone
    assert "complement" in alone[0]
    changes = changed_lists.together(parts)
    assert changed_lists.together(parts_of_spark) == changes
    assert changes.lost_count == 1
