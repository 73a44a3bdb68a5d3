"""How likely each offer is engaged with and redeemed, by models trained with the weights."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from alsobought.errors import JobError
from alsobought.learn import two_stage
from alsobought.learn.arrays import Floats
from alsobought.learn.encoder import Encoder
from alsobought.learn.two_stage import EntireSpace
from alsobought.training.offers.settings import Redemption
from alsobought.training.offers.weight_methods import METHODS

PARTS = 1_000_000
KEPT = "offer_id string, customer_id string, age_days double, split string, redeemed int"
COLUMNS = (
    f"method string, {KEPT}, p_engaged double, p_redeemed_if_engaged double, p_redeemed double, "
    "p_redeemed_one_stage double"
)
NOT_TRAINED_ON = "test"


@dataclass(frozen=True)
class Scores:
    """The rows of REDEMPTION_SCORES, and a sentence on what each method's model learnt from."""

    rows: DataFrame
    notes: list[str]


@dataclass(frozen=True)
class Scorer:
    """The models of each method, and the encoder that they share."""

    encoder: Encoder
    models: dict[str, EntireSpace]

    def batches(self, offers: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Rows of COLUMNS: one batch for each batch of offers and method; one encode for all."""
        names = [field.split()[0] for field in KEPT.split(", ")]
        for batch in offers:
            features = self.encoder.matrix(batch["features"])
            kept = {name: batch[name] for name in names}
            for method, model in self.models.items():
                label = {"method": pa.repeat(pa.scalar(method), batch.num_rows)}
                predicted = {n: pa.array(p) for n, p in vars(model.predict(features)).items()}
                yield pa.RecordBatch.from_pydict(label | kept | predicted)


def redemption_scores(examples: DataFrame, training: DataFrame, settings: Redemption) -> Scores:
    """Every offer with the probabilities of each method's model, and its label once that is final.

    In:    rows of REDEMPTION_EXAMPLES and of TRAINING_EXAMPLES of one day. The models learn from
           the split train, at most about `training_rows` copies a method: whole offers are left
           out by a hash.
    Out:   rows of REDEMPTION_SCORES. An offer that no method has emitted yet is in the split test,
           for no model has seen it.
    Raises JobError where a method has nothing to learn from, or only one label.
    Cost:  the sampled offers come to the driver; three fits a method; a join by offer_id of the
           offers and their splits; one pass of the offers through Python workers.
    """
    scorer, notes = trained(examples, training, settings)
    splits = training.groupBy(F.col("example_id").alias("offer_id")).agg(F.max("split").alias("in"))
    final = F.when(F.col("is_matured"), F.when(F.col("state") == "11", 1).otherwise(0))
    offers = examples.join(splits, "offer_id", "left").select(
        "offer_id",
        "customer_id",
        "age_days",
        F.coalesce("in", F.lit(NOT_TRAINED_ON)).alias("split"),
        final.alias("redeemed"),
        "features",
    )
    return Scores(offers.mapInArrow(scorer.batches, COLUMNS), notes)


def trained(
    examples: DataFrame, training: DataFrame, settings: Redemption
) -> tuple[Scorer, list[str]]:
    """The models of every method of the settings, and a sentence on each."""
    learnt = training.where(F.col("split") == "train")
    counts = {row["method"]: row["count"] for row in learnt.groupBy("method").count().collect()}
    absent = [method for method in settings.methods if method not in counts]
    if absent:
        raise JobError(
            f"training_examples has no row to train {', '.join(absent)} on: run the jobs "
            f"redemption_weights and training_examples again, or take it out of methods in "
            f"[redemption]."
        )
    share = min(1.0, settings.training_rows / max(counts.values()))
    offers = examples.where(_is_sampled("offer_id", share, settings.seed))
    found = offers.select("offer_id", "features").toArrow()
    encoder = Encoder.of(found["features"])
    matrix = encoder.matrix(found["features"])
    copies = learnt.where(_is_sampled("example_id", share, settings.seed)).select(
        "method", "example_id", "copy", "engaged", "label", "weight"
    )
    labelled = copies.toArrow().sort_by([("example_id", "ascending"), ("copy", "ascending")])
    of_offer = _places(found["offer_id"], labelled["example_id"])
    models: dict[str, EntireSpace] = {}
    notes = []
    for method in settings.methods:
        mine = pc.equal(labelled["method"], method).to_numpy()
        rows = _examples(labelled.filter(mine), matrix[of_offer[mine]])
        models[method] = _trained(method, rows, settings)
        notes.append(f"{method}: trained on {len(rows.weight):,} of {counts[method]:,} copies")
    return Scorer(encoder, models), notes


def _is_sampled(name: str, share: float, seed: int) -> Column:
    """Whether an offer is in a sample of that share: always the same for one id and seed."""
    place = F.pmod(F.xxhash64(name, F.lit(seed).cast("bigint"), F.lit("scores")), F.lit(PARTS))
    return place < share * PARTS


def _places(offers: pa.ChunkedArray, ids: pa.ChunkedArray) -> Floats:
    """For each id the row of its offer. Raises JobError where an id is no offer's."""
    places = pc.index_in(ids, value_set=offers)
    if places.null_count:
        raise JobError(
            f"{places.null_count:,} of {len(ids):,} training rows are of offers that "
            f"redemption_examples does not have: run the job training_examples again."
        )
    found: Floats = places.to_numpy()
    return found


def _examples(copies: pa.Table, features: Floats) -> two_stage.Examples:
    """The copies as arrays."""
    labels = {name: copies[name].to_numpy() == 1 for name in ("engaged", "label")}
    weight = np.asarray(copies["weight"].to_numpy(), np.float64)
    return two_stage.Examples(features, labels["engaged"], labels["label"], weight)


def _trained(method: str, rows: two_stage.Examples, settings: Redemption) -> EntireSpace:
    """The method's models. Raises JobError naming the method where they cannot be trained."""
    corrected = METHODS[method].is_corrected
    try:
        return two_stage.trained(rows, settings.model, settings.seed, is_corrected=corrected)
    except JobError as error:
        raise JobError(f"{method} of redemption_scores: {error}.") from None
