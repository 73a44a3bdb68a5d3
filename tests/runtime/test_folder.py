"""The folder of an export: what it replaces, what it leaves alone, names that stay alike."""

import csv
import json

import duckdb
import pyarrow.parquet as pq
import pytest

from alsobought.errors import JobError
from alsobought.runtime.folder import Folder


def names(path):
    return sorted(file.name for file in path.iterdir() if not file.name.endswith(".crc"))


def test_shards_are_one_file_a_partition_named_by_number_with_their_bytes(spark, frame, tmp_path):
    rows = frame("n int", *((n,) for n in range(6))).repartition(2)
    folder = Folder(spark, str(tmp_path / "set"))
    path = folder.beside("writing")
    assert path == str(tmp_path / ".set.writing")
    shards = folder.write_shards(rows, path)
    files = [tmp_path / ".set.writing" / shard["file"] for shard in shards]
    assert names(tmp_path / ".set.writing") == ["shard-00000.parquet", "shard-00001.parquet"]
    assert [shard["bytes"] for shard in shards] == [file.stat().st_size for file in files]
    assert sorted(n for file in files for n in pq.read_table(file)["n"].to_pylist()) == [*range(6)]
    assert folder.write_shards(rows, path) == shards  # what an earlier run left there is deleted


def test_a_folder_is_replaced_whole_and_nothing_is_left_beside_it(spark, tmp_path):
    folder = Folder(spark, f"{tmp_path}/set/")
    for text in ("old", "new"):
        folder.write_text(folder.beside("writing") + "/card.json", f"{text} ö\n")
        folder.replace_with(folder.beside("writing"))
        assert (tmp_path / "set" / "card.json").read_text("utf-8") == f"{text} ö\n"
    assert names(tmp_path) == ["set"]


def test_only_an_export_or_an_empty_folder_may_be_replaced(spark, tmp_path):
    to = tmp_path / "set"
    folder = Folder(spark, str(to))
    folder.require_replaceable()  # there is none
    to.mkdir()
    folder.require_replaceable()
    (to / "shard-00000.parquet").touch()
    with pytest.raises(JobError, match=r"holds files that are not of an export \(shard-00000"):
        folder.require_replaceable()  # shards without a card may be another program's
    (to / "card.json").touch()
    folder.require_replaceable()
    (to / "shard-1.parquet").touch()
    with pytest.raises(JobError, match=r"not of an export \(shard-1.parquet\), so nothing was"):
        folder.require_replaceable()
    with pytest.raises(JobError, match="is a file: name a folder with --to"):
        Folder(spark, str(to / "card.json")).require_replaceable()


ODD = [
    "\x00", "a\x00b", '"\x00"', '\x00"', "\x1b[31m", "\x01", "\x7f", "\t", " a ", " ", "a\\",
    '\\"', '"', '""', "a,b", "a\nb", "a\rb", "a\r\nb", "\ufeff", "\u2028", "#", "null", "\u202ea",
]  # fmt: skip


def test_text_is_read_back_from_csv_and_json_as_it_was(spark, frame, tmp_path):
    rows = frame("n int, text string, last string", *((n, text, "z") for n, text in enumerate(ODD)))
    folder = Folder(spark, str(tmp_path / "set"))
    for form in ("csv", "jsonl"):
        folder.write_shards(rows.coalesce(1), f"{tmp_path}/{form}", form)
    written = tmp_path / "csv" / "shard-00000.csv"
    with written.open(encoding="utf-8", newline="") as file:
        assert [(row["text"], row["last"]) for row in csv.DictReader(file)] == [
            (text, "z") for text in ODD
        ]
    by_duckdb = (
        "SELECT text FROM read_csv(?, header=true, quote='\"', escape='\"', all_varchar=true)"
    )
    assert duckdb.execute(by_duckdb, [str(written)]).fetchall() == [(text,) for text in ODD]
    lines = (tmp_path / "jsonl" / "shard-00000.jsonl").read_bytes().decode().split("\n")[:-1]
    assert [json.loads(line)["text"] for line in lines] == ODD
