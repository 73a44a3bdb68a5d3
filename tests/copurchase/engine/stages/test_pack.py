"""Lines of a part to baskets: very many lines of one unit take the memory of its items."""

import numpy as np
import pytest

from alsobought.copurchase.engine.kernels.basket_arrays import make_baskets
from alsobought.copurchase.engine.kernels.named_arrays import PurchaseLines
from alsobought.copurchase.engine.stages import pack

ITEMS = 50
HASHES = np.arange(ITEMS, dtype=np.int64) * 7919


def shares(timed):
    """30 shares of 100 lines, nine of ten of them of one guest."""
    rng = np.random.default_rng(4)
    for _ in range(30):
        units = np.where(rng.random(100) < 0.9, 77, rng.integers(0, 40, 100)).astype(np.int64)
        codes = rng.integers(0, ITEMS, 100).astype(np.int32)
        times = rng.integers(0, 1_000, 100).astype(np.int32) if timed else np.empty(0, np.int32)
        yield PurchaseLines(units, codes, times, np.empty(0, np.int32))


@pytest.mark.parametrize("timed", [False, True])
@pytest.mark.parametrize("repeats", [False, True])
@pytest.mark.parametrize("cap", [9, 99])
def test_baskets_are_the_same_and_the_lines_of_a_guest_are_no_more_than_its_items(
    monkeypatch, timed, repeats, cap
):
    plain = pack._PartLines(HASHES)
    for share in shares(timed):
        plain.add(share)
    monkeypatch.setattr(pack, "MOST_LINES", 300)
    combined = pack._PartLines(HASHES)
    for share in shares(timed):
        combined.add(share)
        assert sum(len(some.codes) for some in combined._shares) <= 800
    one, other = plain.joined(), combined.joined()
    assert (len(one.codes), len(one.counts)) == (3_000, 0)
    assert len(other.codes) < 1_000
    assert other.counts.sum() == 3_000

    def by_unit(lines):
        """In the order of the units' first items, which is the same for both."""
        baskets, before = make_baskets(lines, cap, HASHES, repeats)
        ends = np.cumsum(baskets.sizes)[:-1]
        arrays = [np.split(array, ends) if len(array) else [] for array in baskets[1:]]
        return [[part.tolist() for part in parts] for parts in arrays], before.tolist()

    assert by_unit(one) == by_unit(other)
