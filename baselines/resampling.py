"""Resizing one picture to another's size: the graph function and its torch twin.

Bilinear, half-pixel centres, antialiased when shrinking: what Pillow calls BILINEAR.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from baselines.graph import function

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["RESIZE", "SIZE_OF", "resize"]

SIZE_OF = function("SizeOf", "(x) => (size)", "size = Shape<start=2>(x)")
RESIZE = function(
    "ResizeTo",
    "(x, size) => (y)",
    'y = Resize<mode="linear", coordinate_transformation_mode="half_pixel", antialias=1, '
    'exclude_outside=1, axes=[2,3]>(x, "", "", size)',
)


def resize(x: Tensor, size: tuple[int, int]) -> Tensor:
    """``x`` [N, C, h, w] at ``size`` (H, W)."""
    from torch.nn.functional import interpolate

    if tuple(x.shape[-2:]) == size:
        return x
    return interpolate(x, size=size, mode="bilinear", antialias=True, align_corners=False)
