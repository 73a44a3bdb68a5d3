"""Samples by hash: the same on any cluster and on the driver, as large as asked for."""

import numpy as np
from pyspark.sql import functions as F

from alsobought.sampling import bucket, bucket_of, is_sampled, keyed, uniform
from tests.rows import rows
from tests.training.purchases import oracle


def test_a_hash_is_spark_s_of_key_and_seed_and_the_driver_has_the_same_buckets(spark):
    keys = spark.range(500).select(F.format_string("k%d", "id").alias("key"))
    hashed = keyed("key", seed=-3)
    found = rows(keys.select("key", hashed, bucket(hashed, 10)))
    assert [h for _, h, _ in found] == [oracle.hashed(key, -3) for key, _, _ in found]
    of_driver = bucket_of(np.array([h for _, h, _ in found]), 10)
    assert of_driver.tolist() == [part for _, _, part in found]
    assert set(of_driver.tolist()) == set(range(10))


def test_a_sample_has_its_share_of_the_keys_and_a_larger_one_has_them_too(spark):
    hashed = keyed("id", seed=1)
    keys = spark.range(10_000).select(
        uniform(hashed).alias("place"),
        *(is_sampled(hashed, share).alias(f"s{i}") for i, share in enumerate((0, 0.1, 0.3, 1))),
    )
    found = rows(keys)
    assert all(0 < place < 1 for place, *_ in found)
    assert [sum(row[i] for row in found) for i in (1, 4)] == [0, 10_000]
    assert abs(sum(row[2] for row in found) - 1_000) < 120  # four standard deviations
    assert all(row[3] or not row[2] for row in found)
