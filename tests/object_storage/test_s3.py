"""The night on S3: files and tables in a bucket, keys in the environment alone."""

import json

import pytest
from deltalake import DeltaTable

from alsobought.runtime import commits
from tests.jobs import shop as small_shop
from tests.object_storage.conftest import KEYS
from tests.project import toml

FIRST, SECOND = "2017-12-01", "2017-12-02"
NIGHT = (
    "purchases", "items", "item_statistics", "co_purchases", "related_items", "bestsellers",
    "recommendations", "promotions",
)  # fmt: skip
# a new order, a line without an item, and one of an order that is there already
ONE_MORE = """\
market,customer,order,nth,item,time
uk,gil,13,0,tea,2017-12-01
uk,gil,13,1,cup,2017-12-01
uk,gil,13,2,,2017-12-01
uk,ann,1,0,tea,2017-11-01
"""


def table(shop, name):
    return DeltaTable(f"{shop.uri}/tables/{name}").to_pyarrow_table().to_pylist()


def test_two_nights_from_files_to_what_is_served(shop):
    said = shop.run("run", *NIGHT, "--env", "test", "--as-of", FIRST)
    assert [job for job in NIGHT if any(line.startswith(f"{job}: ") for line in said)] == [*NIGHT]
    lists = table(shop, "related_items")
    assert lists_of(lists) == small_shop.lists("old")
    assert len(table(shop, "purchases")) == len(small_shop.LINES)
    (first,) = table(shop, "promotions")
    assert (first["decision"], str(first["served_as_of"])) == ("promoted", FIRST)

    shop.deliver(shop.project.file("purchases/3.csv", ONE_MORE))
    said = shop.run("run", *NIGHT, "--env", "test", "--as-of", SECOND)
    # of the new file alone; its last line takes the place of one that stood
    assert said[0].startswith("purchases: 3 rows added, 1 removed in ")
    assert len(table(shop, "purchases")) == len(small_shop.LINES) + 2
    (rejected,) = table(shop, "rejected_purchases")
    assert rejected["reasons"] == ["missing_item_id"]
    assert {str(row["as_of"]) for row in table(shop, "related_items")} == {FIRST, SECOND}
    assert {row["customer_id"] for row in table(shop, "recommendations")} > {"ann", "gil"}


def test_those_who_have_the_keys_write_the_tables(shop):
    writer = "delta-rs" if shop.is_by_workers else "Apache-Spark"
    for name in ("purchases", "items", "co_purchases", "related_items", "recommendations"):
        first, *others = DeltaTable(f"{shop.uri}/tables/{name}").history()[::-1]
        assert first["operation"] == "CREATE TABLE"
        assert others
        assert all(commit["engineInfo"].startswith(writer) for commit in others), name
    left = [item.key for item in shop.bucket.objects.filter(Prefix="tables/.")]
    assert left == []


def test_of_two_commits_upon_one_version_one_is_made(shop):
    path = f"{shop.uri}/tables/bestsellers"
    first, second = (commits.log_of(path, "bestsellers") for _ in range(2))
    first.commit([], [], {}, {"job": "bestsellers"})
    with pytest.raises(commits.OtherCommit):
        second.commit([], [], {}, {"job": "bestsellers"})
    assert commits.log_of(path, "bestsellers").version == first.version + 1


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
    to = f"{shop.uri}/exported"
    shop.run("export", "related_items", "--env", "test", "--as-of", SECOND, "--to", to)
    names = {item.key for item in shop.bucket.objects.filter(Prefix="exported/")}
    assert {"exported/card.json", "exported/shard-00000.parquet"} <= names
    said = shop.run("migrate", "--env", "test")
    assert said[-1].endswith("tables are as this version has them.")
    code, lines = shop.here("rollback", "--env", "test")
    assert (code, lines[0].startswith(FIRST)) == (0, True)
    code, lines = shop.here("forget", "ann", "--env", "test")
    assert (code, len(lines)) == (1, 1)
    assert lines[0].startswith(f"error: The warehouse {shop.uri}/tables is on a URI, and forget ")


def test_a_worker_without_what_opens_the_bucket_says_so_and_nothing_is_committed(shop):
    """Spark's Java takes endpoint and keys otherwise, so where it alone opens files all is well."""
    conf = shop.project.conf
    blind = conf | {
        "spark": conf["spark"] | {"spark.executorEnv.AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    }
    (shop.home / "conf" / "blind.toml").write_text(toml(blind), encoding="utf-8")
    before = DeltaTable(f"{shop.uri}/tables/purchases").version()
    code, lines = shop.here("run", "purchases", "--reload", "--env", "blind", "--as-of", SECOND)
    assert code == shop.is_by_workers
    if shop.is_by_workers:
        assert lines[0].startswith("error: tables/purchases/part-")
        assert f" in the bucket {shop.bucket.name} cannot be opened (NETWORK_" in lines[0]
        assert DeltaTable(f"{shop.uri}/tables/purchases").version() == before


def test_keys_are_nowhere(shop):
    written = [item.get()["Body"].read() for item in shop.bucket.objects.all()]
    files = [path for path in shop.home.rglob("*") if path.is_file()]
    written += [path.read_bytes() for path in files]
    written += [text.encode() for text in shop.printed]
    assert len(written) > 50
    for key in KEYS.values():
        assert not any(key.encode() in text for text in written)
