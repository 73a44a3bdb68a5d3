"""Tables that are damaged, or lack what a job looks for: the sentence that the user reads."""

import shutil

import pytest

from tests.rows import rows

HEAD = "customer,order,item,time\n"
LINES = HEAD + "c1,o1,tea,2017-11-30\nc1,o1,jam,2017-11-30\nc2,o2,tea,2017-11-29\n"
CURE = "put a copy of it back, or move the table away and run its job again."


@pytest.fixture
def shop(project):
    """A shop whose purchases are there."""
    project.file("purchases/1.csv", LINES)
    project.run_job("purchases")
    return project


def only(folder, pattern):
    """The newest file of a folder."""
    return sorted(folder.glob(pattern))[-1]


def test_a_data_file_that_is_not_there_or_was_cut_short(shop):
    file = only(shop.home / "tables" / "purchases", "*.parquet")
    whole = file.read_bytes()
    file.unlink()
    assert shop.refusal("item_statistics") == (
        f"purchases cannot be read: its data file tables/purchases/{file.name} is not there; {CURE}"
    )
    file.write_bytes(whole[:60])
    assert shop.refusal("item_statistics") == (
        "A table cannot be read: one of its data files is not a Parquet file (was it cut short?); "
        f"{CURE}"
    )
    file.write_bytes(whole)
    require_sound(shop)


def require_sound(shop):
    """The next run ends well, with what the lines count."""
    assert shop.run_job("item_statistics") == ["item_statistics: 4 rows"]
    counted = shop.read("item_statistics").where("unit = 'order'").select("item_id", "buyers")
    assert rows(counted) == [("jam", 1), ("tea", 2)]


def test_a_log_that_was_cut_short(shop):
    entry = only(shop.home / "tables" / "purchases" / "_delta_log", "*.json")
    whole = entry.read_bytes()
    entry.write_bytes(whole[: len(whole) // 2])
    said = "purchases cannot be read: a file of tables/purchases/_delta_log is damaged"
    assert shop.refusal("item_statistics") == f"{said} (was it cut short?); {CURE}"
    lines = whole.splitlines(keepends=True)
    entry.write_bytes(b"".join(lines[:-1]))  # the rest can be read
    said = f"purchases cannot be read: tables/purchases/_delta_log/{entry.name} lacks files"
    assert shop.refusal("purchases") == f"{said} (was it cut short?); {CURE}"
    entry.write_bytes(b"")
    said = f"purchases cannot be read: tables/purchases/_delta_log/{entry.name} is empty"
    for job in ("item_statistics", "purchases"):
        assert shop.refusal(job) == f"{said} (was it cut short?); {CURE}"
    shutil.move(shop.home / "tables" / "purchases", shop.home / "damaged")
    assert shop.run_job("purchases")[0] == "purchases: 3 rows added, 0 removed"
    require_sound(shop)


def test_days_without_purchases(shop):
    assert shop.refusal("item_statistics", "2099-01-01") == (
        "purchases has none in the 365 days before 2099-01-01 ([baskets] look_back_days): "
        "it has them from 2017-11-29 to 2017-11-30; choose a later or an earlier as-of day."
    )
