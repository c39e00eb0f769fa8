"""Other features of FID's Inception than its pooled block: sFID's, and clean-FID's resizing.

sFID (Nash et al. 2021, "Generating images with sparse representations") judges an unpooled layer.
Which one is fixed by guided-diffusion's evaluator alone: the first 7 channels of ``mixed_6/conv``,
which pytorch-fid's names call Mixed_6d.branch1x1 after its ReLU, 17 × 17 × 7 = 2,023 numbers.
Departure: pictures are resized as for FID, not as TensorFlow 1 did.
clean-FID's resizing is that of ``clean_resizing``.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from evaluator.backbones.clean_resizing import resize_cleanly
from evaluator.backbones.inception import Inception
from evaluator.backbones.inception_layers import (
    SPATIAL_CHANNELS,
    SPATIAL_DIMS,
    SPATIAL_LAYER,
    wire,
)

__all__ = ["SPATIAL_DIMS", "pooled", "pooled_and_spatial", "resized_cleanly", "spatial"]


class _Watched:
    """An Inception that keeps what one layer of it makes."""

    def __init__(self, network: Inception) -> None:
        self._network = network
        self.kept = torch.empty(0)

    def convolve(self, x: Tensor, layer: str) -> Tensor:
        made = self._network.convolve(x, layer)
        if layer == SPATIAL_LAYER:
            self.kept = made[:, :SPATIAL_CHANNELS].clone()
        return made

    def halve(self, x: Tensor) -> Tensor:
        return self._network.halve(x)

    def maximum(self, x: Tensor) -> Tensor:
        return self._network.maximum(x)

    def average(self, x: Tensor) -> Tensor:
        return self._network.average(x)

    def join(self, branches: Sequence[Tensor]) -> Tensor:
        return self._network.join(branches)


def pooled(network: Inception, x: Tensor, *, dims: int) -> Tensor:
    """float32 [N, 3, 299, 299] in −1..1 to the block of ``dims`` channels, pooled: [N, dims].

    Call within ``exact_arithmetic``.
    """
    return wire(network, x, dims).double().mean(dim=(2, 3)).float()


def spatial(network: Inception, x: Tensor) -> Tensor:
    """float32 [N, 3, 299, 299] in −1..1 to sFID's features [N, 2023], of a network to 768 or more.

    Call within ``exact_arithmetic``.
    """
    return pooled_and_spatial(network, x, dims=SPATIAL_DIMS)[1]


def pooled_and_spatial(network: Inception, x: Tensor, *, dims: int) -> tuple[Tensor, Tensor]:
    """What ``pooled`` and ``spatial`` give, in one pass; ``dims`` 768 or more.

    Call within ``exact_arithmetic``.
    """
    watched = _Watched(network)
    block = wire(watched, x, dims)
    return block.double().mean(dim=(2, 3)).float(), watched.kept.float().flatten(1)


def resized_cleanly(pixels: NDArray[np.uint8]) -> Tensor:
    """uint8 RGB [H, W, 3] to float32 [1, 3, 299, 299] in −1..1: ``resize_cleanly``."""
    return torch.from_numpy(resize_cleanly(pixels))[None]
