"""The night on S3: files and tables in a bucket, keys in the environment alone."""

import json

from deltalake import DeltaTable

from tests.jobs import shop as small_shop
from tests.object_storage.conftest import BUCKET, KEYS

FIRST, SECOND = "2017-12-01", "2017-12-02"
NIGHT = (
    "purchases", "items", "item_statistics", "co_purchases", "related_items", "bestsellers",
    "recommendations", "promotions",
)  # fmt: skip
ONE_MORE = (
    "market,customer,order,nth,item,time\nuk,gil,13,0,tea,2017-12-01\nuk,gil,13,1,cup,2017-12-01\n"
)


def table(name):
    return DeltaTable(f"s3a://{BUCKET}/tables/{name}").to_pyarrow_table().to_pylist()


def test_two_nights_from_files_to_what_is_served(shop):
    said = shop.run("run", *NIGHT, "--env", "test", "--as-of", FIRST)
    assert [job for job in NIGHT if any(line.startswith(f"{job}: ") for line in said)] == [*NIGHT]
    lists = table("related_items")
    assert lists_of(lists) == small_shop.lists("old")
    assert len(table("purchases")) == len(small_shop.LINES)
    (first,) = table("promotions")
    assert (first["decision"], str(first["served_as_of"])) == ("promoted", FIRST)

    shop.deliver(shop.project.file("purchases/3.csv", ONE_MORE))
    said = shop.run("run", *NIGHT, "--env", "test", "--as-of", SECOND)
    assert said[0].startswith("purchases: 2 rows added, 0 removed in ")  # of the new file alone
    assert len(table("purchases")) == len(small_shop.LINES) + 2
    assert {str(row["as_of"]) for row in table("related_items")} == {FIRST, SECOND}
    assert {row["customer_id"] for row in table("recommendations")} > {"ann", "gil"}


def lists_of(rows):
    """Rows of related_items in the form of `jobs.shop.lists`."""
    names = (
        "unit", "market", "metric", "item_id", "rank", "related_item_id", "score",
        "both", "expected", "buyers", "related_buyers", "units",
    )  # fmt: skip
    return sorted(small_shop.rounded(tuple(row[name] for name in names)) for row in rows)


def test_commands_that_read_need_no_spark(shop):
    code, lines = shop.here("show", "tea", "--env", "test", "--market", "uk")
    assert (code, any("Plum jam" in line for line in lines)) == (0, True)
    code, lines = shop.here("why", "tea", "jam", "--env", "test", "--market", "uk")
    assert (code, any("Plum jam" in line for line in lines)) == (0, True)
    code, lines = shop.here("tables", "--env", "test")
    assert (code, sum(line.startswith(NIGHT) for line in lines)) == (0, len(NIGHT))
    code, lines = shop.here("runs", "--env", "test", "--nights", "2", "--json")
    runs = json.loads("\n".join(lines))
    assert (code, {run["outcome"] for run in runs}) == (0, {"done", "unchanged"})
    assert {run["job"] for run in runs} == {*NIGHT}
    code, lines = shop.here("recommend", "gil", "--env", "test", "--json")
    assert (code, {row["model"] for row in json.loads("\n".join(lines))}) == (0, {"sum"})


def test_commands_that_write(shop):
    to = f"s3a://{BUCKET}/exported"
    shop.run("export", "related_items", "--env", "test", "--as-of", SECOND, "--to", to)
    names = {item.key for item in shop.bucket.objects.filter(Prefix="exported/")}
    assert {"exported/card.json", "exported/shard-00000.parquet"} <= names
    said = shop.run("migrate", "--env", "test")
    assert said[-1].endswith("tables are as this version has them.")
    code, lines = shop.here("rollback", "--env", "test")
    assert (code, lines[0].startswith(FIRST)) == (0, True)
    code, lines = shop.here("forget", "ann", "--env", "test")
    assert (code, len(lines)) == (1, 1)
    assert lines[0].startswith(
        f"error: The warehouse s3a://{BUCKET}/tables is on a URI, and forget "
    )


def test_keys_are_nowhere(shop):
    written = [item.get()["Body"].read() for item in shop.bucket.objects.all()]
    files = [path for path in shop.home.rglob("*") if path.is_file()]
    written += [path.read_bytes() for path in files]
    written += [text.encode() for text in shop.printed]
    assert len(written) > 50
    for key in KEYS.values():
        assert not any(key.encode() in text for text in written)
