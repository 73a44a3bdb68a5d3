"""Weighted training datasets: rows whose labels are still arriving, weighted as if final."""
