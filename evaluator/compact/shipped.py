"""The weights that come with the package: what they are called, their size and their digest.

One place for registry and protocol. Light. ``python -m evaluator.compact ship`` writes the table.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

__all__ = ["SHIPPED", "Shipped"]


class Shipped(NamedTuple):
    """A file of ``evaluator/compact/weights``."""

    size: int
    sha256: str


SHIPPED: Mapping[str, Shipped] = MappingProxyType(
    {
        "vgg": Shipped(
            971_368,
            "b0cd3c46cc5ed98a091a9d03f8e5ff9cc7f99389625af375ea40e903b059b03e",
        ),
        "lpips": Shipped(
            246_216,
            "ce81c26d6c9915b6f8f09b09c2a6f2ebcf83547a3f559301e6f1df32fadd2dab",
        ),
        "inception": Shipped(
            1_002_568,
            "04c6f50ca92c020ead30965a5a9c72b4ac532bb5e11970e7003dada5d9b03c1a",
        ),
    }
)
