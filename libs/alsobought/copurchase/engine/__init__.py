"""The exact co-purchase engine: pairs are counted where they arise and never shuffled.

`pipeline` runs the stages, each a module of `stages`: lines (purchases as batches), item_codes
(text ids to dense integers), partition (lines by unit), pack (lines to baskets), totals (counts of
all parts), plan (items to blocks), replicate (baskets to blocks), count (blocks to scored
candidates), histograms (baskets to item statistics), cost (what a run is going to take).
`envelopes` defines the rows that stages exchange, `kernels` holds the compiled loops.

What a stage hands to Spark is a function within a function, which travels by value, and so would a
compiled loop that it names: the worker would compile it anew. It calls functions of its module.
"""

import alsobought.compiled  # noqa: F401 - says where Numba keeps the loops of kernels
