"""The export: shards that hold every row once, a card that adds up, folders that are safe."""

import json
import math
from datetime import date
from itertools import pairwise

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from alsobought.commands import export
from alsobought.errors import JobError
from alsobought.runtime import config
from alsobought.runtime.run import Context
from alsobought.runtime.store import Store
from alsobought.tables.outcome import Outcome
from alsobought.tables.training import PURCHASE_EXAMPLES, TRAINING_EXAMPLES
from alsobought.training.exports import shards
from tests.project import AS_OF, toml

ROWS = 300
RUN = {"job": "training_examples", "as_of": AS_OF, "code_version": "0.0.9", "parameters": {"a": 1},
       "account": {"first_issued": "2017-01-02"}}  # fmt: skip


def example(n, method="defer"):
    """A row whose numbers follow from n; every third is a second copy."""
    features = {"x": float(n), "town=york": 1.0} if n % 2 else {"x": float(n), 'odd "ö", .`': None}
    split = ("train", "train", "train", "validation", "test")[n % 5]
    weight = 100.0 if n < 3 else 1.0 + n / ROWS
    return (
        method, f"o{n // 3}", n % 3, f"c{n // 6}", None, features,
        n % 2, int(n % 4 == 0), weight, None, split,
    )  # fmt: skip


@pytest.fixture
def where(project):
    """The context of commands in the test's project."""
    (project.home / "conf" / "test.toml").write_text(toml(project.conf), encoding="utf-8")
    environment = config.load(project.home, "test", {})
    return Context(project.home, "test", environment, date.fromisoformat(AS_OF))


def fill(project, rows, table=TRAINING_EXAMPLES):
    schema = ", ".join(f"`{f.name}` {f.dataType.simpleString()}" for f in table.columns)
    outcome = Outcome(project.spark.createDataFrame(rows, schema))
    store = Store(project.spark, str(project.home / "tables"))
    store.write(table, outcome, date.fromisoformat(AS_OF), RUN)


def write(spark, where, table, to, count, method):
    options = export.ExportOptions(
        table=table, env="test", as_of=AS_OF, to=to, shards=count, method=method
    )
    return export.write(spark, where, options)


def read(folder):
    return [pq.read_table(path).to_pylist() for path in sorted(folder.glob("shard-*.parquet"))]


def test_shards_hold_every_row_once_shuffled_and_the_same_again(spark, project, where):
    fill(project, [example(n) for n in range(ROWS)])
    to = project.home / "out" / "set"
    card = write(spark, where, "training_examples", str(to), 4, None)

    shards = read(to)
    all_rows = [row for shard in shards for row in shard]
    assert sorted(p.name for p in to.iterdir() if not p.name.startswith(".")) == [
        "card.json", "card.md", *(f"shard-{n:05}.parquet" for n in range(4)),
    ]  # fmt: skip
    assert all(50 <= len(shard) <= 100 for shard in shards)
    expected = {(f"o{n // 3}", n % 3): n for n in range(ROWS)}
    assert {(row["example_id"], row["copy"]) for row in all_rows} == expected.keys()
    assert len(all_rows) == ROWS
    places = [expected[row["example_id"], row["copy"]] for row in shards[0]]
    ups = sum(a < b for a, b in pairwise(places))
    assert 0.3 < ups / len(places) < 0.7  # neither ascending nor descending

    assert list(all_rows[0]) == [column["name"] for column in card["columns"]]
    for row in all_rows:
        n = expected[row["example_id"], row["copy"]]
        assert row["feature_x"] == n
        assert row["feature_town=york"] == n % 2
        assert row['feature_odd "ö", .`'] == 0.0
        assert (row["label"], row["engaged"], row["weight"]) == (*example(n)[7:5:-1], example(n)[8])

    again = write(spark, where, "training_examples", str(to), 4, None)
    assert read(to) == shards
    assert again == card
    assert sorted(p.name for p in to.parent.iterdir()) == ["set"]


def test_the_card_adds_up(spark, project, where):
    fill(project, [example(n) for n in range(ROWS)])
    to = project.home / "set"
    card = write(spark, where, "training_examples", str(to), 2, None)
    assert card == json.loads((to / "card.json").read_text(encoding="utf-8"))
    version = project.version("training_examples")
    assert [card[name] for name in ("table", "method", "as_of", "delta_version")] == [
        "training_examples", "defer", AS_OF, version,
    ]  # fmt: skip
    assert card["run"] == RUN

    rows = [example(n) for n in range(ROWS)]
    for name in ("all", "train", "validation", "test"):
        of_split = [row for row in rows if name in ("all", row[10])]
        weights, numbers = sorted(row[8] for row in of_split), card["numbers"][name]
        assert numbers["rows"] == len(of_split)
        assert numbers["customers"] == len({row[3] for row in of_split})
        assert numbers["label_rate"] == pytest.approx(
            sum(row[7] for row in of_split) / len(of_split)
        )
        assert numbers["engaged_rate"] == pytest.approx(
            sum(row[6] for row in of_split) / len(of_split)
        )
        assert numbers["weighted_label_rate"] == pytest.approx(
            sum(row[7] * row[8] for row in of_split) / sum(weights)
        )
        squares = sum(w * w for w in weights)
        assert numbers["effective_sample_size"] == pytest.approx(sum(weights) ** 2 / squares)
        quantiles = [numbers["weight"]["quantiles"][q] for q in ("0.5", "0.95")]
        assert quantiles == [weights[math.ceil(q * len(of_split)) - 1] for q in (0.5, 0.95)]
        assert (numbers["weight"]["min"], numbers["weight"]["max"]) == (weights[0], weights[-1])
    share = card["numbers"]["all"]["weight"]["top_1_percent_share"]
    assert share == pytest.approx(300.0 / sum(row[8] for row in rows))  # the three of weight 100

    markdown = (to / "card.md").read_text(encoding="utf-8")
    assert "# training_examples, defer, as of 2017-12-01" in markdown
    assert "| rows | 300 | 180 | 60 | 60 |" in markdown
    assert "- first_issued: 2017-01-02" in markdown
    assert "| weight | double | how much the row counts |" in markdown


def test_a_method_is_chosen(spark, project, where):
    fill(project, [example(n, method) for n in range(9) for method in ("none", "defer")])
    to = str(project.home / "set")
    with pytest.raises(JobError, match="choose one with --method: defer, none"):
        write(spark, where, "training_examples", to, 1, None)
    with pytest.raises(JobError, match="There is no method 'fnw'; there are: defer, none"):
        write(spark, where, "training_examples", to, 1, "fnw")
    card = write(spark, where, "training_examples", to, 1, "none")
    assert (card["method"], card["numbers"]["all"]["rows"]) == ("none", 9)


def test_a_folder_with_other_files_is_left_alone(spark, project, where):
    fill(project, [example(n) for n in range(3)], PURCHASE_EXAMPLES)
    to = project.home / "set"
    (to / "notes").mkdir(parents=True)
    with pytest.raises(JobError) as refused:
        write(spark, where, "purchase_examples", str(to), 1, None)
    assert str(refused.value) == (
        f"{to} holds files that are not of an export (notes), so nothing was written: "
        f"name another folder with --to, or empty this one."
    )
    assert [p.name for p in to.iterdir()] == ["notes"]
    (to / "notes").rmdir()
    write(spark, where, "purchase_examples", str(to), 1, None)  # an empty folder is as good as none
    file = project.file("file", "x")
    with pytest.raises(JobError, match="is a file: name a folder with --to"):
        write(spark, where, "purchase_examples", str(file), 1, None)
    with pytest.raises(JobError, match=r"^training_examples is not built yet"):
        write(spark, where, "training_examples", str(project.home / "other"), 1, None)
    assert not (project.home / "other").exists()


def test_features_that_cannot_be_columns_are_refused(frame, monkeypatch):
    rows = frame("features map<string,double>", ({"Town": 1.0},), ({"town": 1.0, "x": 2.0},))
    with pytest.raises(JobError, match="'Town' and 'town' differ only in case: rename one"):
        shards.feature_names(rows)
    monkeypatch.setattr(shards, "MOST_FEATURES", 2)
    with pytest.raises(JobError, match="There are more than 2 features"):
        shards.feature_names(rows)


def test_what_is_not_exported_and_options_that_do_not_fit():
    import typer

    app = typer.Typer()
    app.command()(export.export)
    words = ["items", "--env", "test", "--as-of", AS_OF, "--to", "x"]
    result = CliRunner().invoke(app, words)
    assert (result.exit_code, result.stderr) == (
        1,
        "error: items is not exported; these are: related_items, recommendations, bestsellers, "
        "buy_again, factor_recommendations, training_examples, purchase_examples.\n",
    )
    words = ["purchase_examples", *words[1:], "--format", "csv", "--metric", "lift"]
    result = CliRunner().invoke(app, words)
    assert (result.exit_code, result.stderr) == (
        1,
        "error: purchase_examples is exported without --metric, --format.\n",
    )
    words = ["recommendations", *words[1:-4], "--metric", "lift", "--method", "none"]
    result = CliRunner().invoke(app, words)
    assert (result.exit_code, result.stderr) == (
        1,
        "error: recommendations is exported without --metric, --method.\n",
    )
