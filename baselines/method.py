"""What a closed-form method is: a card, a graph, and the same mathematics written a second time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import onnx

from baselines.card import Card

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Method"]


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
