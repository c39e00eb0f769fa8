"""The evaluator's own version: part of every score's provenance."""

__version__ = "0.1.0"
