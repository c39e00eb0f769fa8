"""Tests of one rung of the sandbox run where that rung holds; elsewhere they say why they do not.

A container without user namespaces, for one, has neither bubblewrap nor unshare.
"""

import functools

import pytest

from evaluator.sandbox import Rung
from evaluator.sandbox.rungs import why_not

__all__ = ["needs", "reason_here"]

reason_here = functools.cache(why_not)


def needs(rung: Rung) -> None:
    """Skip the running test where ``rung`` does not hold."""
    if reason := reason_here(rung):
        pytest.skip(f"no {rung} sandbox on this machine: {reason}")
