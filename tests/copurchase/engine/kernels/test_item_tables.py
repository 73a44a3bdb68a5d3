"""Tables from hashes to codes."""

import numpy as np

from alsobought.copurchase.engine.kernels import item_tables


def test_a_code_is_the_position_of_its_hash_and_minus_one_where_there_is_none():
    """All hashes but one fall on the same slot of 16."""
    hashes = np.array([16, 32, -48, 5], np.int64)
    slots = item_tables.code_table(hashes)
    wanted = np.array([-48, 64, 5, 16], np.int64)
    assert item_tables.codes_of(wanted, hashes, slots).tolist() == [2, -1, 3, 0]
