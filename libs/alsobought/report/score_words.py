"""How each score follows from the counts, in signs that the page fills with a pair's numbers."""

FORMULAS = {
    "pearson_residual": "({N} − {E}) / √{E}",
    "excess": "{N} − {E}",
    "relative_excess": "({N} − {E}) / {E}",
    "lift": "{N} · {n} / ({n_x} · {n_y})",
    "confidence": "{N} / {n_x}",
    "cosine": "{N} / √({n_x} · {n_y})",
    "jaccard": "{N} / ({n_x} + {n_y} − {N})",
    "npmi": "ln({N} · {n} / ({n_x} · {n_y})) / −ln({N} / {n})",
    "log_likelihood_ratio": "G² of the table of {N}, {n_x}, {n_y} and {n}",
    "poisson_deviance": "± 2 ({N} ln({N} / {E}) − ({N} − {E}))",
    "ebgm": "the mean of ln(N / E) to be believed, given {N} and {E} and all other pairs",
    "eb05": "what N / E exceeds with 95 % probability, given {N} and {E} and all other pairs",
}
"""By metric: N units with both, E expected by chance, n_x and n_y with each item, n all."""
MEANINGS = {
    "pearson_residual": "standard deviations above chance",
    "excess": "units above chance",
    "relative_excess": "times above chance",
    "lift": "times as likely as if units were independent",
    "confidence": "share of the item's units with the related item",
    "cosine": "cosine of the two items' units",
    "jaccard": "shared part of all units with either item",
    "npmi": "pointwise mutual information, at most 1",
    "log_likelihood_ratio": "how surprising the count is",
    "poisson_deviance": "how surprising the count is, given E",
    "ebgm": "times as many as expected, shrunk by what is known of all pairs",
    "eb05": "a lower bound on times as many as expected",
}
"""By metric: what a score says."""
