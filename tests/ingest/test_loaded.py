"""Which files a run must read, by what was loaded before."""

from dataclasses import replace
from datetime import date, datetime

from alsobought.ingest.loaded import Due, LoadedFile, LoadedFiles, SourceFile, due

DAY = date(2017, 12, 1)
SIZE, AT = 100, 1_512_000_000_000


def at(*numbers):
    return datetime(*numbers)  # noqa: DTZ001 - times here have no zone


def listed(*paths):
    return [SourceFile(path, SIZE, AT) for path in paths]


def loaded(*paths, **of_files):
    """A record of unchanged files; `a={...}` says what else is known of a."""
    files = {
        path: LoadedFile(SourceFile(path, SIZE, AT), rows=3, **of_files.get(path, {}))
        for path in (*paths, *of_files)
    }
    return LoadedFiles(files, DAY)


def read(there, record, as_of=DAY, **options):
    return [file.path for file in due(there, record, as_of, **options).files]


def test_without_a_record_every_file_is_read_in_the_order_of_its_name():
    assert due(listed("b", "a"), LoadedFiles(), DAY) == Due(tuple(listed("a", "b")), 0, ())


def test_unchanged_files_are_not_read_and_those_that_have_gone_are_named():
    assert due(listed("a", "b"), loaded("a", "b", "c"), DAY) == Due((), 2, ("c",))


def test_a_file_of_another_size_time_or_version_has_changed():
    a, b, c, d = listed("a", "b", "c", "d")
    now = [a, replace(b, size=101), replace(c, modified_ms=AT + 1), replace(d, version=1)]
    assert read(now, loaded("a", "b", "c", "d")) == ["b", "c", "d"]


def test_a_row_that_lay_ahead_is_read_as_soon_as_its_day_is_over():
    record = loaded("b", a={"ahead_from": at(2017, 12, 2, 23, 59, 59)})
    there = listed("a", "b")
    assert read(there, record, date(2017, 12, 2)) == []
    assert read(there, record, date(2017, 12, 3)) == ["a"]
    midnight = loaded(a={"ahead_from": at(2017, 12, 2)})
    assert read(listed("a"), midnight, date(2017, 12, 2)) == []


def test_what_gave_way_to_a_file_that_has_changed_is_read_and_what_it_gave_way_to_is_not():
    record = loaded("c", a={"overlaps": frozenset({"b"})}, b={"overlaps": frozenset({"c"})})
    a, b, c = listed("a", "b", "c")
    assert read([replace(a, size=1), b, c], record) == ["a", "b"]
    assert read([a, replace(b, size=1), c], record) == ["b", "c"]
    assert read([a, b, replace(c, size=1)], record) == ["c"]


def test_where_what_gave_way_has_gone_too_what_gave_way_to_that_is_read():
    record = loaded("c", a={"overlaps": frozenset({"b"})}, b={"overlaps": frozenset({"a", "c"})})
    a, c = listed("a", "c")
    assert read([replace(a, size=1), c], record) == ["a", "c"]


def test_reload_reads_all_that_is_there():
    assert read(listed("a", "b"), loaded("a", "b", "c"), reload=True) == ["a", "b"]


def test_a_pair_of_files_is_remembered_until_one_of_them_is_read_without_it():
    (a,) = listed("a")
    record = loaded("b", a={"overlaps": frozenset({"b", "gone"})})
    unread = record.after([], {"b": frozenset({"c"})}, DAY, {})
    assert {path: set(file.overlaps) for path, file in unread.files.items()} == {
        "a": {"b", "gone"},
        "b": {"c"},
    }
    again = record.after([LoadedFile(a, 3)], {"a": frozenset({"d"})}, DAY, {})
    assert again.files["a"].overlaps == {"b", "gone", "d"}  # b itself has not been read
    both = record.after([LoadedFile(f, 3) for f in listed("a", "b")], {}, DAY, {})
    assert both.files["a"].overlaps == {"gone"}  # it may come back


def test_a_run_of_an_older_day_sees_only_older_rows_so_it_takes_no_pair_back():
    record = loaded("b", a={"overlaps": frozenset({"b"})})
    older = record.after([LoadedFile(f, 3) for f in listed("a", "b")], {}, date(2017, 11, 1), {})
    assert older.files["a"].overlaps == {"b"}
    assert older.as_of == DAY


def test_of_a_delta_table_the_rows_of_a_file_go_with_it_and_what_gave_way_comes_back():
    record = loaded("b", a={"overlaps": frozenset({"b"})})
    (b,) = listed("b")
    assert due([b], record, DAY, is_table=True) == Due((b,), 0, (), gone=("a",))
    assert set(record.without(["a"]).files) == {"b"}
