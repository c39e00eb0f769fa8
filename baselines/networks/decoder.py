"""A decoder: from an encoder's features back to a picture, its mirror but for the pooling."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from baselines.networks.layers import Conv

__all__ = ["Decoder"]


class Decoder(nn.Module):
    """Features [N, C, h, w] → RGB [N, 3, H, W], not clamped.

    ``channels`` from the deepest to the shallowest; between two of them the size doubles by nearest
    upsampling. Without normalisation, as AdaIN's authors found best. ``spread`` is that of the
    features, in which they are measured: the original VGG's are hundreds, and at the usual rates a
    decoder that meets such numbers first paints thousands, then, its ReLUs dead, one colour.
    """

    def __init__(self, channels: Sequence[int], spread: float = 1.0) -> None:
        super().__init__()
        self.spread = nn.Buffer(torch.tensor(spread))
        layers: list[nn.Module] = []
        for before, after in pairwise(channels):
            layers += [Conv(before, after, 3), nn.ReLU(), Conv(after, after, 3, up=2), nn.ReLU()]
        layers += [Conv(channels[-1], channels[-1], 3), nn.ReLU(), Conv(channels[-1], 3, 3)]
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.layers(x / self.spread)
        return out
