"""Measures the co-purchase engine against its peers, on generated purchases."""
