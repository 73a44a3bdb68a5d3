"""The loader, and every snippet of docs/training-data.md that can run here."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from alsobought.errors import JobError
from alsobought.training.exports.loader import batches, card

DOC = Path(__file__).parents[3] / "docs" / "training-data.md"
SHARDS, SHARD_ROWS = 3, 1_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """An export as the command makes it: rows 0 to 2999, label 1 where x is above 0."""
    made = tmp_path_factory.mktemp("set")
    rng = np.random.default_rng(5)
    for shard in range(SHARDS):
        n = np.arange(SHARD_ROWS) + shard * SHARD_ROWS
        x = rng.normal(size=SHARD_ROWS)
        columns = {
            "example_id": [f"e{i}" for i in n],
            "copy": np.zeros(SHARD_ROWS, np.int32),
            "customer_id": [f"c{i % 7}" for i in n],
            "item_id": pa.nulls(SHARD_ROWS, pa.string()),
            "feature_b": n.astype(float),
            "feature_a=1": x,
            "label": (x > 0).astype(np.int32),
            "engaged": pa.nulls(SHARD_ROWS, pa.int32()),
            "weight": 1.0 + n,
            "log_q": pa.array([None if i % 2 else -0.5 for i in n], pa.float64()),
            "split": ["test" if i % 10 == 9 else "train" for i in n],
        }
        pq.write_table(pa.table(columns), made / f"shard-{shard:05}.parquet", row_group_size=300)
    card_json = {
        "features": ["a=1", "b"],
        "feature_prefix": "feature_",
        "numbers": {"all": {}, "train": {}, "test": {}},
        "shards": [{"file": f"shard-{n:05}.parquet", "bytes": 1} for n in range(SHARDS)],
    }
    (made / "card.json").write_text(json.dumps(card_json), encoding="utf-8")
    return made


def joined(read_batches, name):
    return np.concatenate([getattr(batch, name) for batch in read_batches])


@pytest.mark.parametrize("rows", [1, 7, 450, 1_000, 100_000])
def test_every_row_of_the_split_comes_once_in_full_batches(folder, rows):
    read_batches = list(batches(folder, "test", rows))
    sizes = [len(batch.label) for batch in read_batches]
    assert sum(sizes) == SHARDS * SHARD_ROWS // 10
    assert all(size == rows for size in sizes[:-1])
    assert 0 < sizes[-1] <= rows
    n = np.arange(SHARDS * SHARD_ROWS)[9::10]
    features = joined(read_batches, "features")
    assert features.dtype == np.float32
    assert features[:, 1].tolist() == n.tolist()  # in the card's order, not the file's
    assert joined(read_batches, "label").tolist() == (features[:, 0] > 0).tolist()
    assert joined(read_batches, "weight").tolist() == (1.0 + n).tolist()
    assert np.isnan(joined(read_batches, "engaged")).all()
    ids = pa.concat_tables(batch.ids for batch in read_batches)
    assert ids["customer_id"].to_pylist() == [f"c{i % 7}" for i in n]
    assert ids.column_names == ["example_id", "copy", "customer_id", "item_id"]


def test_null_becomes_nan(folder):
    first = next(batches(folder, "train", 4))
    assert np.isnan(first.log_q).tolist() == [False, True, False, True]
    assert first.log_q[0] == -0.5


def test_several_readers_read_each_row_once(folder):
    parts = [joined(batches(folder, "train", 128, part=p, parts=2), "weight") for p in (0, 1)]
    assert [len(part) for part in parts] == [1_800, 900]
    assert len(np.unique(np.concatenate(parts))) == 2_700
    assert list(batches(folder, "train", 128, part=5, parts=6)) == []


def test_what_is_not_there_is_told(folder, tmp_path):
    with pytest.raises(JobError, match=r"has no card.json: name a folder that 'alsobought export'"):
        card(tmp_path)
    with pytest.raises(JobError, match="has no split 'validation'; it has train, test"):
        next(batches(folder, "validation", 10))


def test_the_loader_needs_no_spark():
    asked = "import sys, alsobought.training.exports.loader; print('pyspark' in sys.modules)"
    answer = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "False"


def snippets():
    """{heading: code} of the doc."""
    heading, code = r"^### ([^\n]+)\n", r"```python\n(.*?)```"
    by_heading = re.findall(rf"{heading}(?:(?!^#).)*?{code}", DOC.read_text("utf-8"), re.M | re.S)
    return dict(by_heading)


def test_the_docs_snippets_are_all_known_and_compile():
    code_by_name = snippets()
    assert list(code_by_name) == [
        "scikit-learn",
        "LightGBM",
        "JAX",
        "PyTorch",
        "In-batch negatives",
    ]
    for name, code in code_by_name.items():
        compile(code, name, "exec")


def ran(name, folder):
    names = {"folder": folder}
    exec(compile(snippets()[name], name, "exec"), names)
    return names


def test_the_snippet_for_scikit_learn(folder):
    model = ran("scikit-learn", folder)["model"]
    assert model.coef_.shape == (1, 2)
    assert np.isfinite(model.coef_).all()


def test_the_snippet_for_lightgbm(folder):
    model = ran("LightGBM", folder)["model"]
    test = next(batches(folder, "test", 300))
    assert ((model.predict(test.features) > 0.5) == test.label).mean() > 0.97


def test_the_snippet_for_jax(folder):
    names = ran("JAX", folder)
    assert names["w"].shape == (3,)
    assert np.isfinite(np.asarray(names["w"])).all()


def test_the_snippet_for_in_batch_negatives():
    queries, items = np.eye(2, dtype=np.float32), np.eye(2, dtype=np.float32)

    class Two:
        log_q = np.log(np.array([0.5, 0.25], np.float32))

    names = {"queries": queries, "items": items, "batch": Two}
    exec(snippets()["In-batch negatives"], names)
    assert names["scores"] == pytest.approx(np.eye(2) + np.log([2.0, 4.0]))
