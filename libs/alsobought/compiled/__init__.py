"""Loops that several rooms and the runtime share, and where compiled loops are kept."""

from alsobought.compiled import cache

cache.install()
