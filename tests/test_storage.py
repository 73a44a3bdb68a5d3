"""Files of this machine; tests/object_storage has those in a bucket."""

import pyarrow as pa
import pytest

from alsobought import storage

SCHEMA = pa.schema({"item_id": pa.string(), "n": pa.int64()})


def written(path, *rows):
    """A file of these rows, and the footers that its writer has collected."""
    footers = []
    with storage.parquet_writer(str(path), SCHEMA, footers) as file:
        columns = zip(*rows, strict=True)
        file.write_table(pa.table(dict(zip(SCHEMA.names, columns, strict=True)), SCHEMA))
    return footers


@pytest.mark.parametrize(
    ("path", "is_in_bucket"),
    [
        ("s3a://shop/tables/items", True),
        ("s3://shop", True),
        ("s3a://", False),
        ("/tables/s3a://x", False),
        ("abfss://shop@account/tables", False),
        ("tables", False),
    ],
)
def test_what_is_in_a_bucket(path, is_in_bucket):
    assert storage.is_in_bucket(path) == is_in_bucket


def test_a_file_is_written_with_its_folders_and_read(tmp_path):
    path = tmp_path / "as_of=2017-12-01" / "part of 100%20.parquet"
    (footer,) = written(path, ("tea", 1), ("jam", 2))
    assert footer.num_rows == 2
    assert storage.footer(str(path)).num_rows == 2
    assert storage.size(str(path)) == path.stat().st_size
    with storage.parquet_file(str(path)) as file:
        assert file.read().to_pylist() == [{"item_id": "tea", "n": 1}, {"item_id": "jam", "n": 2}]
    other = tmp_path / "other.parquet"
    written(other, ("cup", 3))
    # no column is made of a folder's name
    rows = storage.columns_of([str(path), str(other)], ["item_id"])
    assert rows.to_pydict() == {"item_id": ["tea", "jam", "cup"]}


def test_files_are_moved_and_removed(tmp_path):
    first, second = tmp_path / "first" / "a.parquet", tmp_path / "second" / "in" / "b.parquet"
    written(first, ("tea", 1))
    storage.move(str(first), str(second))
    assert (first.exists(), second.exists()) == (False, True)
    storage.remove(str(second))
    storage.remove(str(second))  # it may be gone
    assert not second.exists()
    storage.remove_folder(str(tmp_path / "second"))
    storage.remove_folder(str(tmp_path / "second"))
    assert [path.name for path in tmp_path.iterdir()] == ["first"]
