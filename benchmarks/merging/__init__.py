"""Ways of merging related items into customers' lists, and peers, as numpy prototypes."""
