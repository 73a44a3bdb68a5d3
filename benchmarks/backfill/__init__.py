"""A month of Complete Journey backfilled on a cluster, with one fault a day, beside a calm run."""
