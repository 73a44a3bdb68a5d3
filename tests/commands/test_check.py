"""The command check: every fault at once, with its key and its cure, and nothing written."""

import json
from datetime import date

import pytest

from alsobought.commands import source_checks
from alsobought.commands.source_checks import Judged
from alsobought.errors import Fault
from alsobought.ingest.settings import ItemSource, PurchaseSource
from alsobought.products import Exclusions
from alsobought.runtime import home, session
from alsobought.runtime import job as jobs
from alsobought.runtime.run import context
from tests.command import printed, separately
from tests.project import settings, toml

LINES = (
    "customer,order,item,time\nann,1,tea,2017-11-30\nann,1,jam,2017-11-30\nben,2,tea,2017-11-30\n"
)
CATALOGUE = "item,title\ntea,Tea\njam,Jam\n"

ROW = '{"item":"103","time":"x"}'


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """A project in this folder; shop(conf, **files) writes its TOML and files."""
    monkeypatch.delenv("ALSOBOUGHT_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    home.lay(tmp_path)

    def written(conf, **texts):
        (tmp_path / "conf" / "shop.toml").write_text(toml(conf), encoding="utf-8")
        for name, text in texts.items():
            (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path

    return written


def test_every_fault_is_named_before_spark_starts(shop):
    conf = settings()
    conf["spark"]["spark.driver.memory"] = "99999g"
    conf["sources"]["purchases"]["columns"]["order_id"] = "Order"
    conf["sources"]["purchases"]["timestamp_fromat"] = "dd.MM.yyyy"
    conf["sources"]["items"] |= {"path": "itens", "delimiter": ","}
    conf["lists"]["min_support"] = 0
    folder = shop(conf, purchases=LINES, items=CATALOGUE)
    before = sorted(folder.rglob("*"))
    code, lines = printed("check", "shop")
    memory = lines.pop(2)
    assert (code, lines) == (
        1,
        [
            "fault: sources.purchases.timestamp_fromat: is not a known key. Is it "
            "timestamp_format?",
            "fault: lists.min_support: input should be greater than or equal to 1, got 0. "
            "Correct it.",
            f"fault: sources.items.path: no file matches {folder}/itens. Is it items?",
            "note: the rows are looked at once the TOML and the machine are right.",
            "4 faults: a run would not start.",
        ],
    )
    assert memory.startswith("fault: spark.spark.driver.memory: 99999g is more than")
    assert sorted(folder.rglob("*")) == before


def test_a_header_that_has_other_names(shop):
    conf = settings()
    conf["sources"]["purchases"]["columns"] |= {"order_id": "Order-ID", "item_id": "article"}
    conf["sources"]["items"]["columns"]["title"] = "titel"
    shop(conf, purchases=LINES.replace("order", "order_id"), items=CATALOGUE)
    assert printed("check", "shop") == (
        1,
        [
            "fault: sources.purchases.columns.order_id: purchases has no column 'Order-ID'. Is it "
            "'order_id'?",
            "fault: sources.purchases.columns.item_id: purchases has no column 'article'. It has: "
            "customer, order_id, item, time.",
            "fault: sources.items.columns.title: items has no column 'titel'. Is it 'title'?",
            "3 faults: a run would not start.",
        ],
    )


def test_no_such_environment(shop):
    folder = shop(settings())
    said = (
        f"error: No environment is called 'x'; {folder}/conf has: cluster, demo, production, shop."
    )
    assert printed("check", "x") == (1, [said])


@pytest.fixture
def charges(shop):
    """charges(exclude): what check says of items bought that are likely no products."""

    def said(exclude, catalogue=CATALOGUE):
        rows = "".join(f"cid,{n},{n},2017-11-30\n" for n in range(100, 130))
        lines = LINES.replace("tea", "101").replace("jam", "102") + rows
        folder = shop(settings(), purchases=lines + "cid,3,POST,2017-11-30\n", items=catalogue)
        sources = settings()["sources"]
        first = {
            name: source_checks.first_rows(name, kind.model_validate(sources[name]), folder)
            for name, kind in {"purchases": PurchaseSource, "items": ItemSource}.items()
        }
        return source_checks.charges(first, Exclusions.model_validate(exclude))

    return said


POST = ["items.exclude: likely no products: POST (1 rows)."]


@pytest.mark.parametrize(
    ("exclude", "said"),
    [
        ({}, POST),
        ({"ids": ["POST"]}, []),
        ({"patterns": [r"\pL+"]}, []),  # RE2's, which Python's re does not know
        ({"patterns": ["POS"]}, POST),
        ({"attributes": {"title": ["x"]}}, POST),
    ],
)
def test_charges_that_nothing_excludes(charges, exclude, said):
    assert charges(exclude) == said


def test_items_of_the_catalogue_that_attributes_may_exclude(charges):
    catalogue = CATALOGUE + "POST,Postage\n"
    assert charges({}, catalogue) == ["items.exclude: likely no products: POST Postage (1 rows)."]
    assert charges({"attributes": {"title": ["Postage"]}}, catalogue) == []


@pytest.fixture
def by_rules(shop, spark):
    """by_rules(job, conf, **files): what a job's rules make of its files, on the day given."""

    def judged(job, conf, as_of=date(2017, 12, 1), **texts):
        root = shop(conf, **texts)
        every = jobs.all_jobs(root)
        where = context(root, "shop", as_of, [every[job]])
        return source_checks.judged_rows(spark, every[job], where.environment, root, as_of)

    return judged


def test_the_rows_that_would_be_rejected(by_rules):
    conf = settings()
    conf["sources"]["purchases"]["max_rejected_share"] = 0.5
    judged = by_rules("purchases", conf, purchases=LINES + "ben,2,,2017-11-30\n", items=CATALOGUE)
    row = '{"customer":"ben","order":"2","time":"2017-11-30"}'
    said = "4 rows read = 3 good + 1 rejected (missing_item_id 1)"
    assert judged == Judged([said], {"missing_item_id": (1, row)}, [])


def test_so_many_that_a_run_would_be_refused(by_rules):
    judged = by_rules("purchases", settings(), date(2017, 11, 1), purchases=LINES, items=CATALOGUE)
    (fault,) = judged.faults
    assert fault.key == "sources.purchases"
    assert "max_future_share" in fault.wrong + fault.cure
    assert list(judged.examples) == ["future_time"]


def test_the_catalogue(by_rules):
    conf = settings()
    judged = by_rules("items", conf, purchases=LINES, items=CATALOGUE + ",Nothing\n")
    assert judged.examples == {"missing_item_id": (1, "")}
    assert judged.faults == [
        Fault(
            "sources.items",
            "items: 1 of 3 rows (33.3%) broke a rule, more than max_rejected_share = 0.05 allows "
            "(missing_item_id 1)",
            "Give every item one row with an id.",
        )
    ]


def test_of_every_file_that_is_looked_at_as_many_rows(by_rules, monkeypatch):
    monkeypatch.setattr(source_checks, "SAMPLE", 6)
    conf = settings()
    conf["sources"]["purchases"] |= {"path": "{a,b,c}.csv", "max_rejected_share": 0.9}
    head = "customer,order,item,time\n"
    texts = {
        "a.csv": LINES + "ann,3,cup,2017-11-30\n" * 9,
        "b.csv": head + "ann,4,cup,2017-11-30\n",
        "c.csv": "note,customer,order,item,time\n" + "x,ben,5,,2017-11-30\n" * 9,
    }
    judged = by_rules("purchases", conf, items=CATALOGUE, **texts)
    assert judged.sentences == ["5 rows read = 3 good + 2 rejected (missing_item_id 2)"]


def test_a_source_that_cannot_be_reached(by_rules):
    conf = settings()
    conf["sources"]["purchases"]["path"] = "nowhere://bucket/orders/*.csv"
    judged = by_rules("purchases", conf, items=CATALOGUE)
    assert [fault.key for fault in judged.faults] == ["sources.purchases"]
    assert "nowhere" in judged.faults[0].wrong


def test_the_whole_command(shop, spark, monkeypatch):
    monkeypatch.setattr(session, "build", lambda *_, **__: spark)
    monkeypatch.setattr(type(spark), "stop", lambda _: None)  # the other tests need it
    lines = LINES.replace("tea", "101").replace("jam", "102")
    lines += "".join(f"cid,{n},{n},2017-11-30\n" for n in range(103, 120))
    conf = settings()
    conf["sources"]["purchases"]["max_rejected_share"] = 0.1
    folder = shop(conf, purchases=lines + "cid,3,POST,2017-11-30\n,,103,x\n", items=CATALOGUE)
    before = sorted(folder.rglob("*"))
    assert printed("check", "shop", "--as-of", "2017-12-01") == (
        0,
        [
            "note: items.exclude: likely no products: POST (1 rows).",
            "items, of the first rows: 2 rows read = 2 good + 0 rejected",
            "purchases, of the first rows: 22 rows read = 21 good + 1 rejected "
            "(no_order_and_no_customer 1, unreadable_time 1)",
            "source rejected for rows one of them",
            f"purchases no_order_and_no_customer 1 {ROW}",
            f"purchases unreadable_time 1 {ROW}",
            "No fault: a run would start.",
        ],
    )
    of_no_row = {"key": None, "cure": None, "rows": None, "example": None}
    of_row = {"kind": "rejected", "key": "sources.purchases", "cure": None, "rows": 1}
    said = "items.exclude: likely no products: POST (1 rows)."
    code, out, err = separately("check", "shop", "--as-of", "2017-12-01", "--json")
    assert (code, json.loads(out), err) == (
        0,
        [
            {"kind": "note", **of_no_row, "said": said},
            {**of_row, "example": ROW, "said": "no_order_and_no_customer"},
            {**of_row, "example": ROW, "said": "unreadable_time"},
        ],
        "",
    )
    assert sorted(folder.rglob("*")) == before


def test_faults_as_rows_of_csv(shop):
    shop(settings() | {"nonsense": 1}, purchases=LINES, items=CATALOGUE)
    code, out, err = separately("check", "shop", "--csv")
    assert (code, out, err) == (
        1,
        "kind,key,cure,rows,example,said\n"
        "fault,nonsense,docs/configuration.md has every key.,,,is not a known key\n",
        "",
    )
