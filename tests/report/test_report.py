"""`alsobought report`: the folder, what it is of, and what it never holds."""

import json
import re
import shutil

import html5lib
import pytest

from alsobought.report.data_files import unpacked
from tests.command import separately
from tests.report import night_warehouse


def texts_of(folder):
    """Everything that the files of a report hold, unpacked."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        text = path.read_text(encoding="utf-8")
        yield path.name, text
        if path.parent.name == "data":
            yield f"{path.name}, unpacked", unpacked(text)


def test_the_folder_has_a_page_with_its_data(folder):
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    assert names == [
        "data/items-0000.js", "data/lists-0000.js", "index.html", "page.css", "page.js",
        "report.json",
    ]  # fmt: skip
    assert not [path for path in folder.parent.iterdir() if path.name.startswith(".")]


def test_no_customer_is_named_anywhere(folder):
    holding = [name for name, text in texts_of(folder) if night_warehouse.CUSTOMER in text]
    assert holding == []


def test_the_same_tables_give_the_same_files(folder, reported):
    before = dict(texts_of(folder))
    assert dict(texts_of(reported("2024-01-03"))) == before


def test_the_page_is_strictly_html_and_says_whether_lists_go_out(folder):
    page = (folder / "index.html").read_text(encoding="utf-8")
    html5lib.HTMLParser(strict=True).parse(page)
    assert "No. The lists of 2024-01-03 stay back; the lists of 2024-01-02 are served." in page
    assert "61 % of the lists changed." in page
    assert "items.csv is cut short." in page
    assert "customer: (hidden), item: tea1, time: never" in page
    assert "Compared with the lists of 2024-01-02, which were served before." in page


def test_every_part_has_its_figures(folder):
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert 'aria-label="hit@6 of new items' in page
    assert "1 of 2 audits of 2024-01-03 are out of their bounds." in page
    assert 'aria-label="Share of offers redeemed against the predicted share' in page
    assert 'aria-label="Seconds of each night, by job"' in page
    assert 'id="customers"' not in page
    assert "There is no table" not in page


def test_customers_are_shown_that_the_environment_names(home, monkeypatch, tmp_path):
    monkeypatch.setenv("ALSOBOUGHT_HOME", str(home))
    to = ("--to", str(tmp_path / "page"))
    code, out, err = separately("report", "--env", "naming", "--as-of", "2024-01-03", *to)
    assert (code, err) == (0, ""), out + err
    page = (tmp_path / "page" / "index.html").read_text(encoding="utf-8")
    html5lib.HTMLParser(strict=True).parse(page)
    (part,) = re.findall(r'<section id="customers".*?</section>', page, re.DOTALL)
    assert part.count(night_warehouse.CUSTOMER) == page.count(night_warehouse.CUSTOMER) == 1
    assert "Green tea (75%)" in part
    assert "Bought nothing before 2024-01-03 that counts." in part  # nobody


@pytest.mark.parametrize(
    ("section", "fault"),
    [
        ('customer = ["zoe"]', "report.customer is not a known key"),
        ("customers = 7", "report.customers input should be a valid list"),
        (
            f"customers = {[str(n) for n in range(101)]}",
            "report.customers List should have at most 100 items",
        ),
    ],
)
def test_what_the_toml_says_of_a_report_is_checked(section, fault, tmp_path, monkeypatch):
    for name in ("conf", "jobs"):
        (tmp_path / name).mkdir()
    toml = f"{night_warehouse.TOML}\n[report]\n{section}\n"
    (tmp_path / "conf" / "test.toml").write_text(toml, encoding="utf-8")
    monkeypatch.setenv("ALSOBOUGHT_HOME", str(tmp_path))
    code, _, err = separately("report", "--env", "test", "--as-of", "2024-01-03")
    assert (code, fault in " ".join(err.split())) == (1, True), err


def test_an_earlier_day_is_as_it_was(reported):
    page = (reported("2024-01-02") / "index.html").read_text(encoding="utf-8")
    assert "Yes. The lists of 2024-01-02 go out." in page
    assert "There are no lists of an earlier day to compare with." in page
    assert "items.csv is cut short." not in page


def test_a_day_without_lists_shows_those_before_it(reported):
    page = (reported("2024-01-09") / "index.html").read_text(encoding="utf-8")
    html5lib.HTMLParser(strict=True).parse(page)
    assert "There are no lists of 2024-01-09; these are those of 2024-01-03" in page
    assert "Nobody has decided about the lists of 2024-01-09." in page
    assert "alsobought run --all --env test --as-of 2024-01-09" in page


def test_an_empty_warehouse_says_what_to_run(tmp_path, monkeypatch):
    for name in ("conf", "jobs"):
        (tmp_path / name).mkdir()
    (tmp_path / "conf" / "test.toml").write_text(night_warehouse.TOML, encoding="utf-8")
    monkeypatch.setenv("ALSOBOUGHT_HOME", str(tmp_path))
    code, out, err = separately("report", "--env", "test", "--as-of", "2024-01-03")
    assert (code, err) == (0, ""), out + err
    page = (tmp_path / "tables-report" / "2024-01-03" / "index.html").read_text(encoding="utf-8")
    html5lib.HTMLParser(strict=True).parse(page)
    assert "There is no table related_items yet." in page
    again = "alsobought run related_items --with-upstream --env test --as-of 2024-01-03"
    assert page.count(again) >= 2


def test_missing_tables_are_no_error(home, tmp_path, monkeypatch):
    for name in ("conf", "jobs", "tables/related_items", "tables/evaluations"):
        shutil.copytree(home / name, tmp_path / name)
    monkeypatch.setenv("ALSOBOUGHT_HOME", str(tmp_path))
    code, out, err = separately("report", "--env", "test", "--as-of", "2024-01-03")
    assert (code, err) == (0, ""), out + err
    folder = tmp_path / "tables-report" / "2024-01-03"
    page = (folder / "index.html").read_text(encoding="utf-8")
    html5lib.HTMLParser(strict=True).parse(page)
    assert "Compared with the lists of 2024-01-02, the day before that there is" in page
    assert "Nobody has decided about the lists of 2024-01-03." in page
    index = json.loads(unpacked((folder / "data" / "items-0000.js").read_text(encoding="utf-8")))
    assert "tea" in index["keys"]
    assert set(index["titles"]) == {""}
    for table in ("redemption_weights", "item_statistics", "redemption_audits"):
        assert f"There is no table {table} yet." in page


def test_nothing_but_a_report_is_replaced(home, tmp_path, monkeypatch):
    monkeypatch.setenv("ALSOBOUGHT_HOME", str(home))
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "a.txt").write_text("dear", encoding="utf-8")
    words = ("report", "--env", "test", "--as-of", "2024-01-03", "--to")
    code, _, err = separately(*words, str(tmp_path / "letters"))
    assert code == 1
    assert "holds files that are not of a report (a.txt), so nothing was written" in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["letters"]
    code, _, err = separately(*words, str(tmp_path / "letters" / "a.txt"))
    assert (code, "is a file: name a folder with --to." in err) == (1, True)
    code, _, err = separately(*words, "s3://bucket/report")
    assert (code, "name a folder on a path" in err) == (1, True)


def test_the_card_says_what_the_folder_is(folder):
    card = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert card == {"environment": "test", "as_of": "2024-01-03", "code_version": "0.1.0"}
