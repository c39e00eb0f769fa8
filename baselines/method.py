"""What a closed-form method is: a card, a graph, and the same mathematics written a second time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import onnx

from baselines.card import Card

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["COMPARED", "Compared", "Method", "sizes_told"]


@dataclass(frozen=True, slots=True)
class Compared:
    """What a graph is compared with its reference on: ``pairs`` of heights and widths."""

    pairs: int
    content: tuple[int, int]
    style: tuple[int, int]


COMPARED = (Compared(2, (97, 131), (97, 131)), Compared(1, (151, 75), (302, 150)))
"""Odd sizes; the other style is twice as large, which no library's resizing has to round.

Digits lost there would change ranks, and so colours, in ``sliced_transport``.
"""


@dataclass(frozen=True, slots=True)
class Method:
    """A method without training.

    ``model()`` builds its ONNX graph; ``reference(content, style)`` computes the same on torch
    tensors [N, 3, H, W] in 0..1, independently of ONNX, for the parity check. ``tolerance`` bounds
    the largest difference between the two.
    """

    name: str
    card: Card
    model: Callable[[], onnx.ModelProto]
    reference: Callable[[Tensor, Tensor], Tensor]
    tolerance: float = 1e-5


def sizes_told(*, takes_style: bool) -> str:
    """``COMPARED`` in words."""
    contents = " and ".join(_told(compared.content) for compared in COMPARED)
    styles = " and ".join(_told(compared.style) for compared in COMPARED)
    return f"{contents}, with styles of {styles}," if takes_style else contents


def _told(size: tuple[int, int]) -> str:
    return f"{size[0]}×{size[1]}"
