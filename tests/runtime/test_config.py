"""An environment's TOML: every fault of it in one sentence, and what each job gets of it."""

import copy

import pytest

from alsobought.copurchase.settings import Baskets, Lists
from alsobought.errors import ConfigError
from alsobought.runtime import config
from alsobought.runtime import job as jobs
from tests.project import REPO, offer_settings, settings, toml

JOBS = jobs.all_jobs(REPO)
SECTIONS = config.sections_of(job.params for job in JOBS.values())
DEMANDS = {name: config.Demand(job.params, job.needs) for name, job in JOBS.items()}
# Of the jobs whose sections `settings()` has; the others are for shops with offers.
NEEDED = ("co_purchases", "item_statistics", "items", "purchases", "related_items")
NEEDED_DEMANDS = {name: DEMANDS[name] for name in NEEDED}


@pytest.fixture
def refused(tmp_path):
    """refused(change) is the sentence about an environment that `change` has spoilt."""
    (tmp_path / "conf").mkdir()
    (tmp_path / "jobs").symlink_to(REPO / "jobs")

    def said(change=lambda conf: None, text=None, demands=NEEDED_DEMANDS, every=DEMANDS):
        conf = settings()
        change(conf)
        path = tmp_path / "conf" / "test.toml"
        path.write_bytes((toml(conf) if text is None else text).encode("latin-1"))
        with pytest.raises(ConfigError) as error:
            config.load(tmp_path, "test", demands, every)
        return str(error.value).replace(f"{tmp_path}/", "")

    return said


@pytest.mark.parametrize("name", sorted(p.stem for p in (REPO / "conf").glob("*.toml")))
def environment_of(conf):
    return config.environment_type(SECTIONS).model_validate(conf)


@pytest.mark.parametrize("name", sorted(p.stem for p in (REPO / "conf").glob("*.toml")))
def test_every_environment_fits_every_job_that_it_has_sections_for(name):
    environment = config.load(REPO, name, {}, DEMANDS)
    chosen = {job: DEMANDS[job] for job in DEMANDS if not environment.lacks(DEMANDS[job].needs)}
    assert chosen.keys() >= set(NEEDED)
    assert chosen == DEMANDS or name != "demo"
    assert config.load(REPO, name, chosen, DEMANDS).model_dump() == environment.model_dump()
    for job, demand in chosen.items():
        assert type(environment.params(job, demand.params)) is demand.params


def test_a_job_gets_its_own_section_and_the_shared_ones_that_it_asks_for(tmp_path):
    (tmp_path / "conf").mkdir()
    (tmp_path / "jobs").symlink_to(REPO / "jobs")
    (tmp_path / "conf" / "test.toml").write_text(toml(settings()), encoding="utf-8")
    environment = config.load(tmp_path, "test", NEEDED_DEMANDS)
    params = environment.params("related_items", DEMANDS["related_items"].params)
    assert params.model_dump() == {
        "lists": {
            "metrics": ["pearson_residual", "lift"],
            "min_support": 1,
            "unknown_items": "leave_out",
            "kinds": [],
            "min_customers": None,
            "max_per_title": None,
            "max_per_brand": None,
            "max_per_category": None,
        },
        "markets": None,
        "top_k": 5,
    }


def test_a_job_alone_is_not_stopped_by_a_section_that_it_does_not_ask_for(refused, tmp_path):
    def change(conf):
        conf["baskets"]["look_back_days"] = "365"
        conf["basket"] = {"units": 3}
        conf["warehose"] = "x"

    only = {"items": DEMANDS["items"]}
    assert refused(change, demands=only, every=None) == (
        "conf/test.toml: warehose is not a known key."
    )
    assert refused(change, demands=only) == (
        "conf/test.toml: baskets.look_back_days input should be a valid integer, got '365'; "
        "warehose is not a known key; basket is not a known key."
    )


def test_a_command_looks_at_the_sections_that_it_names(tmp_path):
    (tmp_path / "conf").mkdir()
    conf = settings()
    conf["baskets"] = {}
    (tmp_path / "conf" / "test.toml").write_text(toml(conf), encoding="utf-8")
    environment = config.load_sections(tmp_path, "test", Lists)
    assert environment.section(Lists).min_support == 1
    with pytest.raises(ConfigError) as error:
        config.load_sections(tmp_path, "test", Baskets)
    assert "baskets.units is missing; baskets.look_back_days is missing" in str(error.value)
    del conf["baskets"]
    (tmp_path / "conf" / "test.toml").write_text(toml(conf), encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        config.load_sections(tmp_path, "test", Baskets).section(Baskets)
    assert str(error.value) == "The environment has no [baskets]: add it to its TOML."


def test_an_unknown_environment(tmp_path):
    with pytest.raises(ConfigError) as error:
        config.load(tmp_path, "night", {})
    assert str(error.value) == (f"No environment is called 'night'; {tmp_path}/conf has: none.")


def test_the_environments_that_there_are(tmp_path):
    (tmp_path / "conf").mkdir()
    for name in ("demo", "cluster"):
        (tmp_path / "conf" / f"{name}.toml").touch()
    with pytest.raises(ConfigError) as error:
        config.load(tmp_path, "night", {})
    assert str(error.value) == (
        f"No environment is called 'night'; {tmp_path}/conf has: cluster, demo."
    )


def test_an_environment_elsewhere_is_none(tmp_path):
    for folder in ("conf", "elsewhere"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "shop.toml").touch()
    for name in ("../elsewhere/shop", "./shop", str(tmp_path / "conf" / "shop"), "shop.toml", ""):
        with pytest.raises(ConfigError) as error:
            config.load(tmp_path, name, {})
        assert str(error.value) == (
            f"No environment is called {name!r}; {tmp_path}/conf has: shop."
        )


def test_parameters_of_a_job_that_does_not_run_are_checked_where_all_jobs_are_known(refused):
    def change(conf):
        conf["jobs"]["related_items"]["top_k"] = 0
        del conf["jobs"]["co_purchases"]

    only = {"items": DEMANDS["items"]}
    assert refused(change, demands=only) == (
        "conf/test.toml: jobs.related_items.top_k input should be greater than or equal to 1, "
        "got 0."
    )


def test_an_unknown_key_at_every_depth(refused):
    def change(conf):
        conf["warehose"] = "x"
        conf["lists"]["min_suport"] = 3
        conf["sources"]["items"]["delimeter"] = ";"
        conf["jobs"]["related_items"]["topk"] = 3

    assert refused(change) == (
        "conf/test.toml: sources.items.delimeter is not a known key; "
        "lists.min_suport is not a known key; warehose is not a known key; "
        "jobs.related_items.topk is not a known key."
    )


def test_a_section_for_a_job_that_is_not_there(refused):
    def change(conf):
        conf["jobs"]["related_item"] = {"top_k": 3}

    assert refused(change) == (
        "conf/test.toml: [jobs.related_item]: there is no jobs/related_item.py."
    )


def test_missing_keys(refused):
    def change(conf):
        del conf["warehouse"]
        del conf["baskets"]["look_back_days"]
        del conf["jobs"]["related_items"]
        del conf["sources"]["purchases"]["columns"]["item_id"]

    assert refused(change) == (
        "conf/test.toml: warehouse is missing; "
        "sources.purchases.columns missing column item_id; it may map customer_id, item_id, "
        "line, market, order_id, price, purchased_at, quantity; "
        "baskets.look_back_days is missing; jobs.related_items.top_k is missing."
    )


def test_purchases_that_nothing_brings_together(refused):
    def change(conf):
        del conf["sources"]["purchases"]["columns"]["order_id"]
        del conf["sources"]["purchases"]["columns"]["customer_id"]

    assert refused(change) == (
        "conf/test.toml: sources.purchases.columns map customer_id, order_id or both: "
        "without them nothing is together."
    )


def test_only_a_bucket_has_keys(refused):
    def change(conf):
        conf["workers_have_keys"] = True

    assert refused(change) == (
        "conf/test.toml: workers_have_keys is for a warehouse on s3a:// alone, got True."
    )


def test_a_warehouse_that_is_missing_is_one_fault_whoever_has_keys(refused):
    def change(conf):
        del conf["warehouse"]
        conf["workers_have_keys"] = True

    assert refused(change) == "conf/test.toml: warehouse is missing."


def test_every_wrong_type_and_value_at_once(refused):
    def change(conf):
        conf["warehouse"] = 3
        conf["spark"]["spark.sql.shuffle.partitions"] = 4
        conf["baskets"]["units"] = ["basket"]
        conf["baskets"]["look_back_days"] = "365"
        conf["lists"]["metrics"] = ["lift", "love"]
        conf["lists"]["min_support"] = 0
        conf["sources"]["purchases"]["max_rejected_share"] = 5
        conf["sources"]["purchases"]["time_zone"] = "Berlin"
        conf["sources"]["items"]["delimiter"] = ";;"
        conf["jobs"]["related_items"]["top_k"] = 2.5
        conf["jobs"]["co_purchases"]["candidates"] = True

    assert refused(change) == (
        "conf/test.toml: warehouse input should be a valid string, got 3; "
        "spark.spark.sql.shuffle.partitions input should be a valid string, got 4; "
        "sources.purchases.time_zone 'Berlin' is not a time zone such as UTC or Europe/Berlin, "
        "got 'Berlin'; "
        "sources.purchases.max_rejected_share input should be less than or equal to 1, got 5; "
        "sources.items.delimiter ';;' must be one character, got ';;'; "
        "baskets.units.0 input should be 'order' or 'customer', got 'basket'; "
        "baskets.look_back_days input should be a valid integer, got '365'; "
        "lists.metrics no metric love; there are pearson_residual, excess, relative_excess, lift, "
        "confidence, cosine, jaccard, npmi, log_likelihood_ratio, poisson_deviance, ebgm, eb05; "
        "lists.min_support input should be greater than or equal to 1, got 0; "
        "jobs.co_purchases.candidates input should be a valid integer, got True; "
        "jobs.related_items.top_k input should be a valid integer, got 2.5."
    )


def test_a_unit_without_a_cap(refused):
    def change(conf):
        del conf["baskets"]["max_items"]["customer"]

    assert refused(change) == "conf/test.toml: baskets max_items has no value for customer."


def test_a_cap_for_a_unit_that_is_not_one(refused):
    def change(conf):
        conf["baskets"]["max_items"]["basket"] = 5

    assert refused(change) == (
        "conf/test.toml: baskets.max_items.basket input should be 'order' or 'customer', "
        "got 'basket'."
    )


def test_sections_that_are_not_sections(refused):
    def jobs_is_a_number(conf):
        conf["jobs"] = 3

    def one_job_is_a_number(conf):
        conf["jobs"]["related_items"] = 3

    assert refused(jobs_is_a_number) == (
        "conf/test.toml: jobs input should be a valid dictionary, got 3; "
        "jobs.co_purchases.candidates is missing; jobs.co_purchases.task_memory_mb is missing; "
        "jobs.related_items.top_k is missing."
    )
    assert refused(one_job_is_a_number) == (
        "conf/test.toml: jobs.related_items input should be a valid dictionary, got 3."
    )


def test_a_file_that_is_not_toml(refused):
    assert refused(text="warehouse = tables\n") == (
        "conf/test.toml cannot be read as TOML: Invalid value (at line 1, column 13)."
    )
    assert refused(text='warehouse = "tabl\xe9s"\n') == (
        "conf/test.toml cannot be read as TOML: 'utf-8' codec can't decode byte 0xe9 "
        "in position 17: invalid continuation byte."
    )


def test_the_same_settings_are_equal_and_cannot_be_changed(tmp_path):
    first = environment_of(settings())
    assert first.model_dump() == environment_of(copy.deepcopy(settings())).model_dump()
    with pytest.raises(ValueError, match="frozen"):
        first.warehouse = "elsewhere"


def with_offers(conf):
    given = offer_settings()
    conf["sources"] |= given["sources"]
    conf["redemption"] = given["redemption"]


def named(jobs_asked):
    return {"demands": {name: DEMANDS[name] for name in jobs_asked}}


def test_a_job_without_its_sections_says_which_and_where(refused):
    assert refused(**named(["offers"])) == (
        "conf/test.toml: there is no [sources.offers], which the job offers needs."
    )
    assert refused(**named(["redemption_examples"])) == (
        "conf/test.toml: there is no [redemption], which the job redemption_examples needs."
    )
    assert refused(**named(["engagements", "redemptions"])) == (
        "conf/test.toml: there is no [sources.engagements], which the job engagements needs; "
        "there is no [sources.redemptions], which the job redemptions needs."
    )


def test_a_job_whose_own_section_is_missing_altogether_says_so_once(refused):
    def change(conf):
        del conf["jobs"]["related_items"]
        del conf["jobs"]["co_purchases"]["candidates"]

    assert refused(change, **named(["co_purchases", "related_items"])) == (
        "conf/test.toml: there is no [jobs.related_items], which the job related_items needs; "
        "jobs.co_purchases.candidates is missing."
    )


def test_the_jobs_without_sections_are_left_out_and_so_are_those_that_read_their_tables():
    def names(conf):
        environment = environment_of(conf)
        chosen, lacking = jobs.configured([JOBS[name] for name in order], environment)
        return [job.name for job in chosen], lacking

    order = ["purchases", "offers", "engagements", "redemptions", "redemption_examples"]
    conf = settings()
    missing = ["sources.offers", "sources.engagements", "sources.redemptions", "redemption"]
    assert names(conf) == (["purchases"], missing)
    with_offers(conf)
    assert names(conf) == (order, [])
    del conf["sources"]["engagements"]  # [redemption] is there, but not the table that it needs
    assert names(conf) == (["purchases", "offers", "redemptions"], ["sources.engagements"])


def test_every_fault_of_the_sections_of_offers(refused):
    def change(conf):
        with_offers(conf)
        conf["redemption"] |= {"observation_days": 30, "methods": ["none", "magic"], "floor": 0}
        columns = conf["sources"]["offers"]["columns"]
        columns |= {"features": ["size", "a=b"], "numbers": "size", "customer_id": ["a", "b"]}
        conf["sources"]["engagements"]["columns"]["clicked_at"] = "time"

    assert refused(change) == (
        "conf/test.toml: sources.offers columns.customer_id must name one column, not a list; "
        "sources.engagements.columns unknown column clicked_at; it may map engaged_at, offer_id; "
        "redemption.methods.1 input should be 'none', 'drop_newest', 'fsiw', 'fnw', 'fnc', "
        "'es_dfm', 'defer', 'defuse' or 'snapshot_with_engagement', got 'magic'; "
        "redemption.floor input should be greater than 0, got 0."
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"observation_days": 30}, "redemption observation_days must stay below attribution_days"),
        ({"methods": ["fnw", "none", "fnw"]}, "redemption.methods fnw must be named once"),
        ({"methods": []}, "redemption.methods List should have at least 1 item after validation"),
    ],
)
def test_settings_of_redemption_that_do_not_fit(refused, changes, said):
    def change(conf):
        with_offers(conf)
        conf["redemption"] |= changes

    assert refused(change).startswith(f"conf/test.toml: {said}")


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (
            {"features": ["size"], "numbers": "size"},
            "columns: size is among both features and numbers",
        ),
        (
            {"features": "a=b"},
            "columns: 'a=b' cannot be a feature: a name with '=' means a category",
        ),
    ],
)
def test_features_that_could_not_be_told_apart(refused, columns, said):
    def change(conf):
        with_offers(conf)
        conf["sources"]["offers"]["columns"] |= columns

    assert refused(change) == f"conf/test.toml: sources.offers {said}."
