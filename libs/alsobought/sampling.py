"""Samples and splits by hash: a key's place depends on nothing but the key and the seed.

The same rows are chosen on any cluster, on any number of partitions, and again tomorrow.
"""

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import Column
from pyspark.sql import functions as F

RESOLUTION = 1 << 52  # a hash modulo this, plus a half, over this: exact in a double


def keyed(*key: Column | str, seed: int) -> Column:
    """The xxhash64 of a key and a seed, a bigint."""
    return F.xxhash64(*key, F.lit(seed).cast("bigint"))


def bucket(hashed: Column, buckets: int | Column) -> Column:
    """The place of a hash among `buckets` equally likely ones, a bigint from 0."""
    return F.pmod(hashed, F.lit(buckets) if isinstance(buckets, int) else buckets)


def uniform(hashed: Column) -> Column:
    """A hash as a double that is uniform in (0, 1)."""
    return (bucket(hashed, RESOLUTION) + F.lit(0.5)) / F.lit(float(RESOLUTION))


def is_sampled(hashed: Column, share: float) -> Column:
    """Whether a hash is in the sample that holds this share of all keys; all of them from 1 on."""
    return uniform(hashed) < F.lit(share)


def bucket_of(hashes: NDArray[np.int64], buckets: int) -> NDArray[np.int64]:
    """`bucket` of hashes that have come to the driver."""
    return hashes % buckets  # numpy's remainder has the divisor's sign, as pmod's
