"""Identity: the content as it came. The board's rung of perfect content and no style."""

from __future__ import annotations

from typing import TYPE_CHECKING

import onnx

from baselines.card import Card
from baselines.graph import build
from baselines.method import Method

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["METHOD"]


def model() -> onnx.ModelProto:
    """The style is an input that nothing reads."""
    return build("identity", "stylized = Identity(content)")


def reference(content: Tensor, style: Tensor) -> Tensor:
    """The content [N, 3, H, W]."""
    return content


METHOD = Method(
    name="identity",
    card=Card(
        name="Identity",
        authors="The StyleArena developers",
        paper="none: the lower rung, content untouched",
        licence="Apache-2.0",
    ),
    model=model,
    reference=reference,
)
