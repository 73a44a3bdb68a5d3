"""Which task counts which items: blocks of equal work that fit a task's memory, and heads."""

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from alsobought.copurchase.engine.kernels.basket_arrays import DROPPED
from alsobought.copurchase.engine.stages.totals import Totals
from alsobought.errors import JobError

NO_BLOCK = np.int32(-2)  # a head, or too rare to lead a list: it stays in the baskets of others
BYTES_PER_ITEM = 64  # item-sized arrays of a counting task, its ids' text included
BYTES_PER_ENTRY = 24  # an item of a basket in a counting task: twice, while it is joined
BYTES_PER_HOLDING = 28  # a basket that holds one of the block's items
WORK_PER_BUYER = 4  # in pairs: finding an item's baskets
WORK_PER_ITEM = 2_000  # in pairs: scoring and writing a list
GREEDY = 20_000
BLOCKS_PER_CORE = 2


@dataclass(frozen=True)
class Relation:
    """Which pairs count: all (high < 0), or those with Y first (low, high] seconds after X."""

    name: str
    low: int
    high: int

    @property
    def is_directed(self) -> bool:
        """Whether time matters."""
        return self.high >= 0


@dataclass(frozen=True)
class Blocks:
    """One unit's plan: block_of[item] is its block, NO_BLOCK or DROPPED; heads are item codes."""

    block_of: np.ndarray
    blocks: int
    heads: np.ndarray
    work: np.ndarray
    memory: np.ndarray


Copied = Callable[[np.ndarray, int], np.ndarray]  # (block of each item, blocks) -> items copied


def blocks(
    own: Totals,
    relations: Sequence[Relation],
    support: int,
    cores: int,
    memory: int,
    copied: Copied,
) -> Blocks:
    """Items spread over blocks of about equal work, each within `memory` bytes a task.

    An item whose buyers' baskets alone are too much for a task, or for a fair share of the work,
    is a head: it is counted where the baskets lie, and its counts are added up. What a block
    receives is bounded from item-sized counts; where that bound is too coarse and fewer blocks are
    likely to do, `copied` counts exactly how many items of baskets each block would receive.
    Raises JobError where the item-sized arrays alone need more than `memory`.
    """
    fixed = BYTES_PER_ITEM * len(own.buyers)
    room = memory - fixed
    if room < memory // 4:
        raise JobError(
            f"[jobs.co_purchases] task_memory_mb: {len(own.buyers):,} items need "
            f"{fixed * 4 // 3 >> 20:,} MB a task; there are {memory >> 20:,}. Raise it."
        )
    leads = own.buyers >= support
    work = np.where(leads, own.others + WORK_PER_BUYER * own.buyers + WORK_PER_ITEM, 0)
    entries = int(own.buyers.sum())
    dropped = DROPPED if not any(r.is_directed for r in relations) else NO_BLOCK
    count = BLOCKS_PER_CORE * cores
    while True:
        alone = np.minimum(own.others + own.buyers, entries) * BYTES_PER_ENTRY
        too_much = leads & (
            (alone + BYTES_PER_HOLDING * own.buyers > room) | (work > work.sum() / count)
        )
        heads = np.flatnonzero(too_much).astype(np.int32)
        in_blocks = leads & ~too_much
        block_of = _spread(np.where(in_blocks, work, 0), in_blocks, count)
        block_of[~leads] = dropped
        needed = _memory(own, block_of, count, _touched(own, block_of, count, entries))
        if needed.max(initial=0) > room and _likely(own, count) * BYTES_PER_ENTRY <= room:
            needed = _memory(own, block_of, count, copied(block_of, count))
        if needed.max(initial=0) <= room or count > len(own.buyers):
            break
        count *= 2
    per_block = np.bincount(block_of[in_blocks], work[in_blocks], count)
    return Blocks(block_of, count, heads, per_block, needed + fixed)


def _spread(work: np.ndarray, chosen: np.ndarray, count: int) -> np.ndarray:
    """A block for each chosen item: the heaviest go one by one to the lightest block, the rest
    back and forth over all of them."""
    block_of = np.full(len(work), NO_BLOCK, np.int32)
    codes = np.flatnonzero(chosen)
    codes = codes[np.argsort(-work[codes], kind="stable")]
    loads = [(0.0, block) for block in range(count)]
    for code in codes[:GREEDY]:
        load, block = loads[0]
        block_of[code] = block
        heapq.heapreplace(loads, (load + float(work[code]), block))
    rest = codes[GREEDY:]
    turn = np.arange(len(rest))
    there, back = turn % count, count - 1 - turn % count
    block_of[rest] = np.where(turn // count % 2 == 0, there, back)
    return block_of


def _touched(own: Totals, block_of: np.ndarray, count: int, entries: int) -> np.ndarray:
    """At most so many items of baskets each block receives: those of its items' buyers."""
    here = block_of >= 0
    touched = np.bincount(block_of[here], (own.others + own.buyers)[here], count)
    return np.minimum(touched, entries)


def _likely(own: Totals, count: int) -> float:
    """About so many items of baskets a block receives, were items spread at random.

    A basket of m items meets a block with probability 1 - (1 - 1 / count)^m.
    """
    items = own.by_size["items"]
    mean = items / np.maximum(own.by_size["units"], 1)
    return float((items * (1 - (1 - 1 / count) ** mean)).sum())


def _memory(own: Totals, block_of: np.ndarray, count: int, entries: np.ndarray) -> np.ndarray:
    here = block_of >= 0
    holdings = np.bincount(block_of[here], own.buyers[here], count)
    return entries * BYTES_PER_ENTRY + holdings * BYTES_PER_HOLDING
