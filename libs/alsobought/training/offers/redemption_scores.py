"""How likely each offer is engaged with and redeemed, by models trained with the weights."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from alsobought.errors import JobError
from alsobought.learn.arrays import Booleans, Floats, Integers
from alsobought.learn.encoder import Encoder
from alsobought.learn.two_stage import EntireSpace, Examples, fit_two_stage
from alsobought.sampling import is_sampled, keyed
from alsobought.tables.outcome import Outcome
from alsobought.training.offers.formulas import fnc_corrected
from alsobought.training.offers.settings import Redemption
from alsobought.training.offers.weight_methods import METHODS

OF_OFFER = "offer_id string, customer_id string, age_days double, split string, redeemed int"
COLUMNS = (
    f"method string, {OF_OFFER}, p_engaged double, p_redeemed_if_engaged double, "
    "p_redeemed double, p_redeemed_one_stage double"
)
NOT_TRAINED_ON = "test"


@dataclass(frozen=True)
class Scorer:
    """The models of each method, and the encoder that they share."""

    encoder: Encoder
    models: dict[str, EntireSpace]

    def batches(self, offers: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Rows of COLUMNS: one batch for each batch of offers and method; one encode for all."""
        names = [field.split()[0] for field in OF_OFFER.split(", ")]
        for batch in offers:
            features = self.encoder.matrix(batch["features"])
            of_offer = {name: batch[name] for name in names}
            for method, model in self.models.items():
                label = {"method": pa.repeat(pa.scalar(method), batch.num_rows)}
                predicted = {n: pa.array(p) for n, p in vars(model.predict(features)).items()}
                yield pa.RecordBatch.from_pydict(label | of_offer | predicted)


@dataclass(frozen=True)
class Sample:
    """The sampled copies of the splits train and validation, and where their features are.

    `copies` have method, split, engaged, label and weight, in an order of their own; row i has the
    features `matrix[offer[i]]`.
    """

    encoder: Encoder
    matrix: Floats
    copies: pa.Table
    offer: Integers

    def examples(self, method: str, split: str) -> Examples:
        """The rows of a method and split as arrays."""
        is_method = pc.equal(self.copies["method"], method)
        chosen: Booleans = pc.and_(is_method, pc.equal(self.copies["split"], split)).to_numpy()
        rows = self.copies.filter(chosen)
        return Examples(
            self.matrix[self.offer[chosen]],
            engaged=rows["engaged"].to_numpy() == 1,
            redeemed=rows["label"].to_numpy() == 1,
            weight=np.asarray(rows["weight"].to_numpy(), np.float64),
        )


def redemption_scores(examples: DataFrame, training: DataFrame, settings: Redemption) -> Outcome:
    """Every offer with the probabilities of each method's model, and its label once that is final.

    In:    rows of REDEMPTION_EXAMPLES and of TRAINING_EXAMPLES of one day. The models learn from
           the split train, about `training_rows` copies a method at most: whole offers are left
           out by a hash. The split validation chooses their L2 penalties.
    Out:   rows of REDEMPTION_SCORES, and a note on what each method's model learnt from. An offer
           that no method has emitted yet is in the split test, for no model has seen it.
    Raises JobError where a method has nothing to learn from, or only one label.
    Cost:  the sampled offers come to the driver; three fits a method and penalty; a join by
           offer_id of the offers and their splits; one pass of the offers through Python workers.
    """
    scorer, notes = fit_scorer(examples, training, settings)
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
    return Outcome(offers.mapInArrow(scorer.batches, COLUMNS), notes=notes)


def fit_scorer(
    examples: DataFrame, training: DataFrame, settings: Redemption
) -> tuple[Scorer, list[str]]:
    """The models of every method of the settings, and a sentence on each."""
    counts = _count_training_rows(training, settings)
    share = min(1.0, settings.training_rows / max(counts.values()))
    sample = _sample(examples, training, share, settings.seed)
    models: dict[str, EntireSpace] = {}
    notes = []
    for method in settings.methods:
        rows = sample.examples(method, "train")
        models[method] = _fit(method, rows, sample.examples(method, "validation"), settings)
        notes.append(f"{method}: trained on {len(rows.weight):,} of {counts[method]:,} copies")
    return Scorer(sample.encoder, models), notes


def _count_training_rows(training: DataFrame, settings: Redemption) -> dict[str, int]:
    """How many rows each method has to train on. Raises JobError where one has none."""
    rows = training.where(F.col("split") == "train").groupBy("method").count().collect()
    counts = {row["method"]: row["count"] for row in rows}
    absent = [method for method in settings.methods if method not in counts]
    if absent:
        raise JobError(
            f"training_examples has no row to train {', '.join(absent)} on: run the jobs "
            f"redemption_weights and training_examples again, or take it out of methods in "
            f"[redemption]."
        )
    return counts


def _sample(examples: DataFrame, training: DataFrame, share: float, seed: int) -> Sample:
    """The copies of a share of the offers, and these offers' features, on the driver."""
    offers = examples.where(is_sampled(keyed("offer_id", F.lit("scores"), seed=seed), share))
    features = offers.select("offer_id", "features").toArrow()
    encoder = Encoder.fit(features["features"])
    copies = (
        training.where(F.col("split").isin("train", "validation"))
        .where(is_sampled(keyed("example_id", F.lit("scores"), seed=seed), share))
        .select("method", "split", "example_id", "copy", "engaged", "label", "weight")
        .toArrow()
        .sort_by([("example_id", "ascending"), ("copy", "ascending")])
    )
    places = _places(features["offer_id"], copies["example_id"])
    return Sample(encoder, encoder.matrix(features["features"]), copies, places)


def _places(offers: pa.ChunkedArray, ids: pa.ChunkedArray) -> Integers:
    """For each id the row of its offer. Raises JobError where an id is no offer's."""
    places = pc.index_in(ids, value_set=offers)
    if places.null_count:
        raise JobError(
            f"{places.null_count:,} of {len(ids):,} training rows are of offers that "
            f"redemption_examples does not have: run the job training_examples again."
        )
    rows: Integers = places.to_numpy()
    return rows


def _fit(
    method: str, training: Examples, validation: Examples, settings: Redemption
) -> EntireSpace:
    """The method's models. Raises JobError naming the method where they cannot be trained."""
    try:
        return fit_two_stage(
            training,
            settings.model,
            settings.seed,
            validation=validation,
            correction=fnc_corrected if METHODS[method].is_corrected else None,
        )
    except JobError as error:
        raise JobError(f"{method} of redemption_scores: {error}.") from None
