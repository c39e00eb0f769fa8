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
            "cebacebce1b461fbc5e8b2429c3dafbc0ddd761a25cc81cfd310a880fcf59ace",
        ),
        "lpips": Shipped(
            246_216,
            "e3799e685f3d6c6279600ebc1360c7a66eb52a5662801963918bcebed6a6c46c",
        ),
        "inception": Shipped(
            1_002_568,
            "04c6f50ca92c020ead30965a5a9c72b4ac532bb5e11970e7003dada5d9b03c1a",
        ),
    }
)
