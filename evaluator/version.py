"""The evaluator's own version: part of every score's provenance."""

__version__ = "0.1.0"

ENGINES = "2"
"""Counted up when a network is run in another way: its features' last digits are others then, and
what was kept of reference pictures is made anew. Boards may hold several: they differ by less than
1e-5, as two processors may."""
