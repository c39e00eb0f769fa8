"""A generator for few parameters and fast training: nothing but the last step sees full size.

As ``ResnetGenerator``, with the wide kernels at full size replaced: a strided convolution reads
pixels at half the size, and a sub-pixel convolution (Shi et al., "Real-Time Single Image and Video
Super-Resolution Using an Efficient Sub-Pixel Convolutional Neural Network", CVPR 2016) paints four
of them at once. Detail of full size is the content's own, of which a change is painted.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import pixel_shuffle

from baselines.networks.generator import FIRST_CHANGE, StyleEncoder, painted, recoloured
from baselines.networks.layers import Conv, Residual, Stage

__all__ = ["SmallGenerator"]


class SmallGenerator(nn.Module):
    """Content and style in 0..1, of any sizes → stylised, led by a style encoder's code."""

    def __init__(self, width: int, blocks: int, code: int) -> None:
        super().__init__()
        half, quarter = 2 * width, 4 * width
        self.encoder = StyleEncoder(width, code)
        self.down = nn.ModuleList(
            [Stage(3, half, 5, stride=2, code=code), Stage(half, quarter, stride=2, code=code)]
        )
        self.blocks = nn.ModuleList([Residual(quarter, code) for _ in range(blocks)])
        self.up = Stage(quarter, half, up=2, code=code)
        self.paint = Conv(half, 12, 3)
        with torch.no_grad():
            self.paint.conv.weight.mul_(FIRST_CHANGE)

    def forward(self, content: Tensor, style: Tensor) -> Tensor:
        code = self.encoder(style)
        given = recoloured(content, style)
        x = 2 * given - 1
        for layer in (*self.down, *self.blocks, self.up):
            x = layer(x, code)
        return painted(given, pixel_shuffle(self.paint(x), 2))
