"""The merged lists of all items: by blocks of them, within a bound of memory."""

import numpy as np
import pytest

from alsobought.copurchase.engine.envelopes import rows_of
from alsobought.errors import JobError
from alsobought.recommend import trigger_lists
from alsobought.recommend.trigger_lists import (
    LISTS,
    MERGED,
    SourceRows,
    joined,
    merged,
    require_memory,
)
from tests.recommend.recommendation_worlds import settings

PLACES = [  # source, X, Y, score, log lift; sources 2 and 3 are cold starts of 0 and 1
    (0, 0, 3, 1.0, 0.5), (1, 0, 3, 2.0, 2.0), (0, 0, 1, 4.0, -1.0),
    (0, 3, 0, 9.0, 9.0), (2, 3, 4, 1.5, 0.25), (1, 3, 1, 1.0, 1.0),
    (0, 4, 1, 0.1, 0.1),
]  # fmt: skip
ITEMS = 6


def source_rows(places):
    columns = zip(*places, strict=True)
    dtypes = (np.int32, np.int32, np.int32, np.float64, np.float64)
    return SourceRows(*(np.array(c, dtype) for c, dtype in zip(columns, dtypes, strict=True)))


@pytest.mark.parametrize("per_block", [2, 3, 99])
def test_lists_are_merged_by_blocks_of_items(monkeypatch, per_block):
    """Scores of source 0 have weight 2; X 3 has a list of cold start in place of that of 0."""
    monkeypatch.setattr(trigger_lists, "ITEMS_PER_BLOCK", per_block)
    cells = []
    for block in range(0, -(-ITEMS // per_block)):
        codes = range(block * per_block, min((block + 1) * per_block, ITEMS))
        places = [place for place in PLACES if place[1] in codes]
        if places:
            lists = merged(source_rows(places), settings(), codes)
            cells.insert(0, LISTS.row(MERGED, lists, block=block))
    of_all = joined(rows_of(cells), settings(), ITEMS)
    assert of_all.listing == [3, 2]
    wanted = {
        "sum": [{1: 8.0, 3: 4.0}, {}, {}, {1: 1.0, 4: 3.0}, {1: 0.2}, {}],
        "maximum": [{1: 8.0, 3: 2.0}, {}, {}, {1: 1.0, 4: 3.0}, {1: 0.2}, {}],
        "calibrated": [{1: -2 / 3, 3: 1.0}, {}, {}, {1: 1 / 3, 4: 0.5 / 3}, {1: 0.2 / 3}, {}],
    }
    for model, lists in of_all.of_models.items():
        as_dicts = [
            dict(zip(lists.related[first:end].tolist(), lists.values[first:end], strict=True))
            for first, end in zip(lists.starts, lists.starts[1:], strict=False)
        ]
        assert as_dicts == [
            {y: np.float32(value) for y, value in of_x.items()} for of_x in wanted[model]
        ]
        assert lists.values.dtype == np.float32


def test_lists_that_take_too_much_memory_are_refused():
    """A place of three models takes 16 bytes."""
    most = (9 << 20) // 16
    require_memory(most, settings(lists_memory_mb=9))
    with pytest.raises(JobError) as refused:
        require_memory(most + 1, settings(lists_memory_mb=9))
    assert str(refused.value) == (
        "The lists that sources in [jobs.recommendations] names have 589,825 places, which take up "
        "to 10 MB on the driver and in each worker, more than lists_memory_mb = 9 there: raise it "
        "where there is as much, or take fewer models, sources or places (top_k in "
        "[jobs.related_items])."
    )
