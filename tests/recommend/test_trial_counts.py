"""Buyers and first purchases, counted part by part and added up by ranges of items."""

import random

import numpy as np

from alsobought.copurchase.engine.envelopes import key_of, rows_of
from alsobought.copurchase.engine.stages import pack
from alsobought.recommend import trial_counts
from alsobought.recommend.trial_counts import add_up, counts_of_part, sums_of_ranges
from tests.recommend.part_rows import codes_of_items, part_rows

ITEMS = [f"i{n}" for n in range(23)]
SINCE = [500, 800]


def test_counts_of_parts_add_up_range_by_range(monkeypatch):
    for module in (pack, trial_counts):
        monkeypatch.setattr(module, "ITEMS_PER_RANGE", 5)
    dice = random.Random(3)
    codes = codes_of_items("m", ITEMS)
    lines = [
        ("m", f"c{dice.randrange(30)}", dice.choice([*ITEMS[1:], "postage"]), dice.randrange(900))
        for _ in range(400)
    ]
    parts = [[line for line in lines if int(line[1][1:]) % 3 == part] for part in range(3)]
    counted = [
        batch
        for part in parts
        for batch in counts_of_part(iter(part_rows(part, codes)), codes, np.array(SINCE))
    ]
    ranges = {key_of(row, "item_range") for row in rows_of(counted)}
    assert ranges == {0, 1, 2, 3, 4}
    by_range = [
        [batch for batch in counted if key_of((batch, 0), "item_range") == r] for r in ranges
    ]
    sums = [batch for of_range in by_range for batch in add_up(iter(of_range))]
    counts = sums_of_ranges(rows_of(sums), codes, len(SINCE))
    firsts = {}
    for _, customer, item, second in lines:
        firsts[item, customer] = min(second, firsts.get((item, customer), second))
    of_item = [[at for (item, _), at in firsts.items() if item == i] for i in codes.ids.to_pylist()]
    assert counts.customers.tolist() == [len({customer for _, customer, _, _ in lines})]
    assert counts.buyers.tolist() == [len(times) for times in of_item]
    assert counts.trials.tolist() == [
        sum(at >= since for at in times) for since in SINCE for times in of_item
    ]
    assert counts.buyers[0] == 0
