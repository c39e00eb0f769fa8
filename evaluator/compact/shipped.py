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
            683_808,
            "59168547c1af3242be5620f4330be000ca44c68a5da5324450e7118b5a199d22",
        ),
        "inception": Shipped(
            2_339_728,
            "1e5a22ba00558c48ed7ed55aa40adb95662ddb7ee9e2a16bd95da2be9366de98",
        ),
    }
)
