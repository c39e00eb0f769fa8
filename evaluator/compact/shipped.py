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
            491_992,
            "d5f94870f6674404d1aea095421ee5823c9ee566acec4a488cdfb354c3e8a3ed",
        ),
        "lpips": Shipped(
            346_280,
            "8838a8d657744becb659040ac2a0f6de1ba309a1d72ce01447ce9843d1dc89b9",
        ),
        "inception": Shipped(
            3_128_384,
            "acbe3dc871a3d2bd0a4aed53821e6dd7d8a6ffbd9a2ab0ddf448337a5f48142c",
        ),
    }
)
