"""Counts of pairs with which every form of the scores is compared."""

# N, E, n_x, n_y, n: by hand in test_scores, then corners
EVIDENCE = [
    (6, 4.0, 10, 12, 100),
    (1, 0.5, 1, 1, 1),  # one unit in all
    (2, 8.0, 20, 30, 60),  # below chance
    (5, 1.0, 5, 5, 5),  # every unit has both
    (3, 0.25, 3, 3, 1_000_000_000),  # rare and always together
    (9, 2.0, 10, 900_000, 1_000_000),
    (1, 0.9, 4, 4, 4),  # a directed N: the other cells of a 2x2 table would be impossible
]
