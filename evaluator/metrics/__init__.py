"""Metrics: one file each, the pure function first and a thin accumulator on top.

``catalogue`` describes them without torch; the other modules compute them. No metric imports
another: the total is composed of two losses by ``scoring``.
"""
