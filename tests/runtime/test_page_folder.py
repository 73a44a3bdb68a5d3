"""The folder of a page: made beside its place, put there whole, and nothing else is replaced."""

import pytest

from alsobought.errors import JobError
from alsobought.runtime.page_folder import PageFolder


def made(to, text):
    folder = PageFolder(to)
    folder.require_replaceable()
    folder.begin()
    folder.write("index.html", text)
    folder.write("data/lists-0000.js", "é")
    return folder


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_a_reader_sees_the_old_page_until_the_new_one_is_whole(tmp_path):
    to = tmp_path / "a" / "2024-01-03"
    made(to, "old").finish({"as_of": "2024-01-03"})
    new = made(to, "new")
    assert (to / "index.html").read_text() == "old"
    size = new.finish({})
    assert (to / "index.html").read_text() == "new"
    assert names(to) == ["data", "data/lists-0000.js", "index.html", "report.json"]
    assert size == len("new") + len("é".encode()) + len("{}\n")
    assert names(to.parent) == ["2024-01-03", *(f"2024-01-03/{name}" for name in names(to))]


def test_two_at_once_do_not_meet(tmp_path):
    to = tmp_path / "page"
    first, second = made(to, "first"), made(to, "second")
    second.finish({})
    first.finish({})
    assert (to / "index.html").read_text() == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["page"]


def test_what_is_discarded_leaves_nothing(tmp_path):
    made(tmp_path / "page", "x").discard()
    assert names(tmp_path) == []


def test_only_a_report_is_replaced(tmp_path):
    (tmp_path / "letters").mkdir()
    PageFolder(tmp_path / "letters").require_replaceable()  # empty
    (tmp_path / "letters" / "a.txt").touch()
    with pytest.raises(JobError, match=r"holds files that are not of a report \(a.txt\)"):
        PageFolder(tmp_path / "letters").require_replaceable()
    with pytest.raises(JobError, match="is a file"):
        PageFolder(tmp_path / "letters" / "a.txt").require_replaceable()


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(JobError, match="cannot be made: File exists"):
        PageFolder(tmp_path / "file" / "page").begin()
