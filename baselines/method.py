"""What a closed-form method is: a card, a graph, and the same mathematics written a second time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import onnx

from baselines.card import Card

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["ODD_SIZES", "Method", "sizes_told"]

ODD_SIZES = ((97, 131), (151, 75))
"""Of the pictures that a graph is compared with its reference on, height and width."""


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

    @property
    def told(self) -> Card:
        """The card, with what ``check`` holds the graph to."""
        held = f"at {sizes_told()} no value differs from PyTorch's by more than {self.tolerance:g}"
        return replace(self.card, training=f"{self.card.training}; {held}")


def sizes_told() -> str:
    """``ODD_SIZES`` in words."""
    return " and ".join(f"{height}×{width}" for height, width in ODD_SIZES)
