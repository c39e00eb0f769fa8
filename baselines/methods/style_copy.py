"""Style copy: the style picture itself, at the content's size. Perfect style and no content."""

from __future__ import annotations

from typing import TYPE_CHECKING

import onnx

from baselines.card import Card
from baselines.graph import build
from baselines.method import Method
from baselines.resampling import RESIZE, SIZE_OF, resize

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["METHOD"]


def model() -> onnx.ModelProto:
    """A style of the content's size passes through unchanged."""
    body = """
        size = local.SizeOf(content)
        stylized = local.ResizeTo(style, size)
    """
    return build("style_copy", body, functions=(SIZE_OF, RESIZE))


def reference(content: Tensor, style: Tensor) -> Tensor:
    """The style [N, 3, h, w] at the content's [N, 3, H, W]."""
    height, width = content.shape[-2:]
    return resize(style, (height, width))


METHOD = Method(
    name="style-copy",
    card=Card(
        name="Style copy",
        authors="The StyleArena developers",
        paper="none: the upper rung of style, content thrown away",
        licence="Apache-2.0",
    ),
    model=model,
    reference=reference,
)
