"""The exact co-purchase engine: pairs are counted where they arise and never shuffled.

Stages, each a module: ids (text to dense integers), pack (purchases to baskets), totals (counts of
all parts), plan (items to blocks), spread (baskets to blocks), count (blocks to scored candidates).
The compiled loops are in hashing, packing, counting and scoring.
"""

from alsobought.copurchase.engine.kernels import cache

cache.install()
