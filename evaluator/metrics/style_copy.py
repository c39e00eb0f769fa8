"""Style copy: the share of the output that is cut out of the style picture instead of painted.

Ours, a leak check: each patch of the output is compared with every patch of the style picture, at
any place, by normalised cross-correlation (the criterion by which Li and Wand 2016, "Combining
Markov random fields and convolutional neural networks for image synthesis" (CVPR), eq. 3, choose
style patches), here on pixels at half the resolution, so that it is the same under every protocol
and outlives JPEG. Brightness and contrast of a patch play no part. Flat patches resemble each other
without having been copied: they are left out.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

__all__ = ["StyleCopyMeasure", "nearest_style_patches", "style_copy"]

Pixels = NDArray[np.uint8]

SMALLEST = 1e-6  # of a norm; only patches without any texture have less


def style_copy(
    output: Pixels, style: Pixels, *, side: int, texture: float, similarity: float
) -> float:
    """The share of textured patches that are as similar as ``similarity`` to a style patch. 0..1.

    Pictures uint8 RGB [H, W, 3]; patches are ``side`` pixels (an even number) wide and overlap by
    half. A patch is textured if its pixels deviate from its mean by ``texture`` or more (root mean
    square, 0..255). 0 where no patch is.
    """
    best, deviation = nearest_style_patches(output, style, side=side)
    textured = best[deviation >= texture]
    return float(np.mean(textured >= similarity)) if len(textured) else 0.0


def nearest_style_patches(
    output: Pixels, style: Pixels, *, side: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """For each patch of the output its highest correlation with a style patch, and its deviation.

    In float64, so that no machine's rounding moves a patch across a threshold. Style patches are
    taken at every pixel, so that no offset of a copy goes unseen.
    """
    k = side // 2
    with torch.inference_mode():
        patches, deviation = _normalised(_halved(_planes(output)), k, stride=max(1, k // 2))
        best = torch.full_like(deviation, -1.0)
        for shifted in _shifts(_planes(style)):
            candidates, _ = _normalised(_halved(shifted), k, stride=1)
            torch.maximum(best, (patches @ candidates.T).amax(dim=1), out=best)
    return best.numpy(), deviation.numpy()


def _planes(pixels: Pixels) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(pixels)).permute(2, 0, 1)[None].double()


def _shifts(planes: Tensor) -> Iterator[Tensor]:
    """The four ways in which halving can group the pixels."""
    for down in (0, 1):
        for right in (0, 1):
            yield planes[..., down:, right:]


def _halved(planes: Tensor) -> Tensor:
    return F.avg_pool2d(planes, kernel_size=2)


def _normalised(planes: Tensor, side: int, *, stride: int) -> tuple[Tensor, Tensor]:
    """Patches [P, 3·side²] without each channel's mean and at length 1; their deviations [P]."""
    patches = F.unfold(planes, side, stride=stride)[0].T.reshape(-1, 3, side * side)
    patches = (patches - patches.mean(dim=2, keepdim=True)).flatten(1)
    length = patches.norm(dim=1, keepdim=True)
    deviation = length[:, 0] / patches.shape[1] ** 0.5
    return patches / length.clamp_min(SMALLEST), deviation


@dataclass(frozen=True, slots=True)
class StyleCopyMeasure:
    """The share under a protocol's thresholds."""

    side: int
    texture: float
    similarity: float

    def value(self, output: Pixels, style: Pixels) -> float:
        return style_copy(
            output, style, side=self.side, texture=self.texture, similarity=self.similarity
        )
