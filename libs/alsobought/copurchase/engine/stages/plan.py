"""Which task counts which items: blocks of equal work that fit a task's memory, and heads."""

import heapq
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from alsobought.compiled.array_types import Bools, Int32s, Int64s
from alsobought.copurchase.engine.kernels.basket_arrays import DROPPED
from alsobought.copurchase.engine.layout import CountedUnit
from alsobought.copurchase.engine.stages.totals import Totals
from alsobought.errors import JobError

NO_BLOCK = -2  # a head, or too rare to lead a list: it stays in the baskets of others
BYTES_PER_ITEM = (
    24  # item-sized arrays of a counting task: market, tie, two counters, which are met
)
BYTES_PER_ITEM_AND_UNIT = 36  # and of every unit: block, buyers, two shares, units of the market
BYTES_PER_ACTIVITY = 16  # with its slope
BYTES_PER_COLUMN = 4  # an item of a basket: its code, and its time and its lines where they count
BYTES_PER_BASKET = 16  # its lines in all, its size, and where it starts
BYTES_ON_THE_WAY = 128 << 20  # two of Spark's Arrow batches, while their cells are copied
BYTES_PER_HOLDING = 4  # the basket that holds one of the block's items
BYTES_PER_POSITION = 8  # and where in it, when that tells a time or lines
BYTES_PER_BUYER = 24  # the histogram of one item
WORK_PER_BUYER = 4  # in pairs: finding an item's baskets
WORK_PER_ITEM = 2_000  # in pairs: scoring and writing a list
GREEDY = 20_000
BLOCKS_PER_CORE = 2


@dataclass(frozen=True)
class Limits:
    """What a plan must keep to: the least support of a pair, cores, bytes of memory a task.

    `item_bytes` of these are taken by item-sized arrays.
    """

    support: int
    cores: int
    task_bytes: int
    item_bytes: int


def item_bytes(items: int, units: int, text_bytes: int) -> int:
    """The memory of a counting task's item-sized arrays, of all units, and of the items' ids.

    Measured with 3 million items and ids of 10 bytes: 74 bytes an item for one unit, 110 for two.
    """
    return items * (BYTES_PER_ITEM + units * BYTES_PER_ITEM_AND_UNIT) + text_bytes


def activity_bytes(totals: Totals) -> int:
    """The memory of a counting task's activities, of a unit whose expectation is matched: two
    numbers for each size up to the market's largest, and the market of every item."""
    if not len(totals.sizes.sizes):
        return 0
    largest = np.zeros(len(totals.markets.units), np.int64)
    np.maximum.at(largest, totals.sizes.markets, totals.sizes.sizes)
    return int(largest.sum()) * BYTES_PER_ACTIVITY + totals.buyers.size * BYTES_PER_COLUMN


@dataclass(frozen=True)
class BlockPlan:
    """One unit's plan: block_of[item] is its block, NO_BLOCK or DROPPED; heads are item codes.

    Of each block: its work, in pairs, and the memory of its task in bytes, which is an upper bound
    until `with_copies` has made it exact.
    """

    block_of: Int32s
    blocks: int
    heads: Int32s
    work: np.ndarray
    task_bytes: np.ndarray
    is_exact: bool = False


class Planner:
    """Drafts of one unit's plan, for a growing number of blocks."""

    def __init__(self, totals: Totals, unit: CountedUnit, limits: Limits) -> None:
        """Raises JobError where the item-sized arrays alone need more than a task may take."""
        self._totals = totals
        self._fixed_bytes = limits.item_bytes
        self._task_bytes = limits.task_bytes
        self._room = limits.task_bytes - self._fixed_bytes
        if self._room < limits.task_bytes // 4:
            raise JobError(
                f"[jobs.co_purchases] task_memory_mb: {len(totals.buyers):,} items need "
                f"{self._fixed_bytes * 4 // 3 >> 20:,} MB a task; there are "
                f"{limits.task_bytes >> 20:,}. Raise it."
            )
        has_positions = unit.is_timed or unit.count_repeats
        self._entry_bytes = BYTES_PER_COLUMN * (1 + unit.is_timed + unit.count_repeats)
        self._holding_bytes = BYTES_PER_HOLDING + BYTES_PER_POSITION * has_positions
        self._units = int(totals.by_size.units.sum())
        self._leads = totals.buyers >= limits.support
        work = totals.others + WORK_PER_BUYER * totals.buyers + WORK_PER_ITEM
        self._work = np.where(self._leads, work, 0)
        self._entries = int(totals.buyers.sum())
        # the relation `after` counts |c| by items, not by totals: it needs even the rarest ones
        self._block_of_rare = NO_BLOCK if unit.is_timed else DROPPED
        self._first_blocks = BLOCKS_PER_CORE * limits.cores

    def first_draft(self) -> BlockPlan:
        """The plan of the fewest blocks that keep all cores busy."""
        return self._draft(self._first_blocks)

    def next_draft(self, draft: BlockPlan) -> BlockPlan:
        """The plan of twice as many blocks."""
        return self._draft(2 * draft.blocks)

    def is_final(self, draft: BlockPlan) -> bool:
        """Whether every block fits a task's memory, or more blocks would not help."""
        return self._fits(draft) or draft.blocks > len(self._totals.buyers)

    def should_count_copies(self, draft: BlockPlan) -> bool:
        """Whether only the bound says that a block does not fit: an exact count is worth a pass.

        A basket of m items meets a block with probability 1 - (1 - 1 / blocks)^m, were items spread
        at random; that gives the expected number of basket items of a block.
        """
        if draft.is_exact or self._fits(draft):
            return False
        items, units = self._totals.by_size.items, self._totals.by_size.units
        likely = 1 - (1 - 1 / draft.blocks) ** (items / np.maximum(units, 1))
        likely_bytes = self._bytes_of_baskets((items * likely).sum(), (units * likely).sum())
        return bool(likely_bytes <= self._room)

    def with_copies(self, draft: BlockPlan, entries: Int64s) -> BlockPlan:
        """The draft with the memory of blocks that receive `entries` basket items each."""
        return replace(draft, task_bytes=self._bytes_of(draft.block_of, entries), is_exact=True)

    def _fits(self, draft: BlockPlan) -> bool:
        return bool(draft.task_bytes.max(initial=0) <= self._task_bytes)

    def _draft(self, blocks: int) -> BlockPlan:
        """Items spread over blocks of about equal work.

        An item whose buyers' baskets alone are too much for a task, or for a fair share of the
        work, is a head: it is counted where the baskets lie, and its counts are added up.
        """
        is_head = self._leads & (self._is_too_large() | (self._work > self._work.sum() / blocks))
        is_in_block = self._leads & ~is_head
        block_of = _spread(np.where(is_in_block, self._work, 0), is_in_block, blocks)
        block_of[~self._leads] = self._block_of_rare
        work = np.bincount(block_of[is_in_block], self._work[is_in_block], blocks)
        task_bytes = self._bytes_of(block_of, self._most_entries(block_of, blocks))
        return BlockPlan(
            block_of, blocks, np.flatnonzero(is_head).astype(np.int32), work, task_bytes
        )

    def _is_too_large(self) -> Bools:
        """Which items' baskets alone are too much for a task's memory."""
        buyers = self._totals.buyers
        entries = np.minimum(self._totals.others + buyers, self._entries)
        bytes_per_buyer = self._holding_bytes + BYTES_PER_BUYER
        alone = self._bytes_of_baskets(entries, buyers) + buyers * bytes_per_buyer
        is_too_large: Bools = alone > self._room
        return is_too_large

    def _most_entries(self, block_of: Int32s, blocks: int) -> np.ndarray:
        """The most basket items that each block can receive: those of its items' buyers."""
        is_in_block = block_of >= 0
        entries = self._totals.others + self._totals.buyers
        most = np.bincount(block_of[is_in_block], entries[is_in_block], blocks)
        return np.minimum(most, self._entries)

    def _bytes_of(self, block_of: Int32s, entries: np.ndarray) -> np.ndarray:
        """The memory of each block's task, when the block receives `entries` basket items."""
        is_in_block = block_of >= 0
        buyers, blocks = self._totals.buyers[is_in_block], block_of[is_in_block]
        holdings = np.bincount(blocks, buyers, len(entries)).astype(np.int64)
        most_buyers = np.zeros(len(entries), np.int64)
        np.maximum.at(most_buyers, blocks, buyers)
        of_baskets = self._bytes_of_baskets(entries, np.minimum(holdings, self._units))
        of_items = holdings * self._holding_bytes + most_buyers * BYTES_PER_BUYER
        all_bytes: Int64s = self._fixed_bytes + of_baskets + of_items
        return all_bytes

    def _bytes_of_baskets(self, entries: Any, baskets: Any) -> Any:
        """What baskets take that hold so many items in all, numbers or arrays."""
        joined = entries * self._entry_bytes + baskets * BYTES_PER_BASKET
        return joined + np.minimum(joined, BYTES_ON_THE_WAY)


def _spread(work: Int64s, is_chosen: Bools, blocks: int) -> Int32s:
    """A block for each chosen item: the heaviest go one by one to the lightest block, the rest
    back and forth over all of them."""
    block_of = np.full(len(work), NO_BLOCK, np.int32)
    codes = np.flatnonzero(is_chosen)
    codes = codes[np.argsort(-work[codes], kind="stable")]
    loads = [(0.0, block) for block in range(blocks)]
    for code in codes[:GREEDY]:
        load, block = loads[0]
        block_of[code] = block
        heapq.heapreplace(loads, (load + float(work[code]), block))
    rest = codes[GREEDY:]
    turn = np.arange(len(rest))
    there, back = turn % blocks, blocks - 1 - turn % blocks
    block_of[rest] = np.where(turn // blocks % 2 == 0, there, back)
    return block_of
