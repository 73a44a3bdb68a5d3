"""Jobs as values: found by the name of their file, ordered by what they read."""

from datetime import date

import pytest

from alsobought.errors import ConfigError
from alsobought.runtime import job as jobs
from alsobought.runtime import progress
from alsobought.runtime.config import load_sections, sections_of
from alsobought.runtime.run import context, run_all
from tests.project import REPO, settings, toml
from tests.rows import rows

JOBS = jobs.all_jobs(REPO)
OWN = '''
from pydantic import BaseModel
from alsobought.runtime.job import Job
from alsobought.tables.purchases import ITEMS
from alsobought.tables.related import RELATED_ITEMS

def shouted(batches):
    for batch in batches:
        yield batch

def {function}(items, params, as_of):
    """{function}"""
    return items.mapInArrow(shouted, items.schema)

JOB = Job({function}, BaseModel, {{"items": ITEMS}}, {table})
'''


def own_job(home, name, function="own", table="ITEMS"):
    (home / "jobs").mkdir(parents=True, exist_ok=True)
    path = home / "jobs" / f"{name}.py"
    path.write_text(OWN.format(function=function, table=table), encoding="utf-8")


def names(order):
    return [job.name for job in order]


def test_every_job_is_called_like_its_file():
    assert list(JOBS) == [
        "bestsellers", "buy_again", "co_purchases", "cold_start_items", "engagements",
        "evaluations", "factor_recommendations", "item_informativeness", "item_statistics", "items",
        "offers", "promotions", "purchase_examples", "purchases", "recommendations",
        "redemption_audits", "redemption_examples", "redemption_scores", "redemption_weights",
        "redemptions", "related_items", "related_kinds", "repeat_purchases", "returned_purchases",
        "training_examples",
    ]  # fmt: skip
    assert {name: job.name for name, job in JOBS.items()} == {name: name for name in JOBS}


def test_an_unknown_job():
    with pytest.raises(ConfigError) as refused:
        jobs.load(REPO, "related_item")
    assert str(refused.value) == (f"No job is called 'related_item'; there are: {', '.join(JOBS)}.")


def test_a_job_comes_after_those_that_write_what_it_reads():
    assert names(jobs.with_upstream(JOBS, ["related_items"])) == [
        "purchases", "returned_purchases", "items", "co_purchases", "item_statistics",
        "related_kinds", "related_items",
    ]  # fmt: skip
    assert names(jobs.with_upstream(JOBS, ["item_statistics", "purchases"])) == [
        "purchases", "returned_purchases", "items", "item_statistics",
    ]  # fmt: skip


def test_all_jobs_in_an_order_in_which_each_finds_its_tables():
    order = names(jobs.with_upstream(JOBS, list(JOBS)))
    assert sorted(order) == sorted(JOBS)
    for name in order:
        read = {table.name for table in JOBS[name].reads.values()} & JOBS.keys()
        assert read <= set(order[: order.index(name)])


def test_a_table_that_no_job_writes():
    only = {"related_items": JOBS["related_items"], "items": JOBS["items"]}
    with pytest.raises(ConfigError) as refused:
        jobs.with_upstream(only, ["related_items"])
    assert str(refused.value) == (
        "related_items reads co_purchases, but there is no jobs/co_purchases.py."
    )


def test_each_project_has_its_own_job_of_a_name(tmp_path):
    own_job(tmp_path / "one", "items", function="first")
    own_job(tmp_path / "two", "items", function="second")
    loaded = [jobs.load(tmp_path / home, "items") for home in ("one", "two", "one")]
    assert [job.transform.__doc__ for job in loaded] == ["first", "second", "first"]


def test_a_python_function_of_a_job_file_runs_in_the_workers(tmp_path, frame):
    own_job(tmp_path, "items")
    job = jobs.load(tmp_path, "items")
    assert rows(job.transform(frame("item string", ("tea",)), None, None)) == [("tea",)]


@pytest.mark.parametrize(
    "text", ["", "JOB = 'items'", OWN.format(function="own", table="RELATED_ITEMS")]
)
def test_a_file_without_the_job_of_its_name(tmp_path, text):
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "items.py").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        jobs.load(tmp_path, "items")
    path = tmp_path / "jobs" / "items.py"
    assert str(refused.value) == f"{path} has no JOB that writes the table items."


def test_a_job_file_that_cannot_be_imported_is_not_half_there_the_next_time(tmp_path):
    (tmp_path / "jobs").mkdir()
    path = tmp_path / "jobs" / "items.py"
    path.write_text("JOB = 1 / 0", encoding="utf-8")
    for _ in range(2):
        with pytest.raises(ConfigError) as refused:
            jobs.load(tmp_path, "items")
        assert str(refused.value) == (
            f"{path} cannot be loaded (ZeroDivisionError: division by zero): correct it; if it is "
            "the package's own, of another version, take that of this one."
        )


def test_a_job_whose_table_comes_with_an_absent_section_is_left_out_alone(tmp_path):
    ordered = jobs.with_upstream(JOBS, ["co_purchases", "offers"])

    def chosen(conf):
        (tmp_path / "conf").mkdir(exist_ok=True)
        (tmp_path / "conf" / "test.toml").write_text(toml(conf), encoding="utf-8")
        sections = sections_of(job.params for job in ordered).values()
        environment = load_sections(tmp_path, "test", *sections)
        configured, lacking = jobs.configured(ordered, environment)
        return names(configured), lacking

    conf = settings()
    assert chosen(conf) == (["purchases", "items", "co_purchases"], ["sources.offers"])
    conf["sources"]["purchases"]["returns"] = {"order_prefix": "C"}
    assert chosen(conf)[0] == ["purchases", "returned_purchases", "items", "co_purchases"]


def test_a_job_reads_the_catalogue_only_where_its_attributes_exclude_items(tmp_path):
    job = JOBS["co_purchases"]

    def inputs(conf):
        (tmp_path / "conf").mkdir(exist_ok=True)
        (tmp_path / "conf" / "test.toml").write_text(toml(conf), encoding="utf-8")
        sections = sections_of([job.params]).values()
        return list(job.inputs_in(load_sections(tmp_path, "test", *sections)))

    conf = settings() | {"items": {"exclude": {"ids": ["POST"]}}}
    assert inputs(conf) == ["purchases"]
    conf["items"]["exclude"]["attributes"] = {"brand": ["Us"]}
    assert inputs(conf) == ["purchases", "catalogue"]


@pytest.mark.parametrize(
    ("name", "section"),
    [
        ("returned_purchases", "sources.purchases.returns"),
        ("recommendations", "jobs.recommendations"),  # a section of its own
    ],
)
def test_a_job_with_nothing_to_do_says_so_and_starts_no_session(tmp_path, name, section):
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "test.toml").write_text(toml(settings()), encoding="utf-8")
    (tmp_path / "jobs").symlink_to(REPO / "jobs")
    job = JOBS[name]
    with progress.OUT.capture() as printed:
        run_all([job], context(tmp_path, "test", date(2017, 12, 1), [job]))
    assert printed.get() == f"{name}: nothing to do without [{section}]\n"
    assert not (tmp_path / "tables").exists()
