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

__all__ = ["StyleCopyMeasure", "copied_patches", "style_copy"]

Pixels = NDArray[np.uint8]

SMALLEST = 1e-6  # of a norm; only patches without any texture have less
FREQUENCIES = 4  # each way, of the cosines that a correlation is bounded by
MARGIN = 1e-4  # of the bounds, which are float32; they err by some 1e-6
AT_ONCE = 1 << 24  # bounds


def style_copy(
    output: Pixels, style: Pixels, *, side: int, texture: float, similarity: float
) -> float:
    """The share of textured patches that are as similar as ``similarity`` to a style patch. 0..1.

    Pictures uint8 RGB [H, W, 3]; patches are ``side`` pixels (an even number) wide and overlap by
    half. A patch is textured if its pixels deviate from its mean by ``texture`` or more (root mean
    square, 0..255). 0 where no patch is.
    """
    copied, textured = copied_patches(
        output, style, side=side, texture=texture, similarity=similarity
    )
    return float(np.mean(copied[textured])) if textured.any() else 0.0


def copied_patches(
    output: Pixels, style: Pixels, *, side: int, texture: float, similarity: float
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which patches of the output are copied, and which textured: [rows, columns] each.

    Correlations that may reach ``similarity`` are taken in float64, so that no machine's rounding
    moves a patch across the threshold. Style patches are taken at every pixel, so that no offset
    of a copy goes unseen.
    """
    k = side // 2
    with torch.inference_mode():
        ours = _Patches(_halved(_planes(output)), k, stride=max(1, k // 2))
        textured = ours.lengths >= texture * (3 * k * k) ** 0.5
        copied = torch.zeros_like(textured)
        for shifted in _shifts(_planes(style)):
            theirs = _Patches(_halved(shifted), k, stride=1)
            left = (textured & ~copied).nonzero()[:, 0]
            for some in left.split(max(1, AT_ONCE // theirs.count)):
                copied[some] = _reaches(ours, some, theirs, similarity)
    return copied.view(ours.grid).numpy(), textured.view(ours.grid).numpy()


def _planes(pixels: Pixels) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(pixels)).permute(2, 0, 1).double()


def _shifts(planes: Tensor) -> Iterator[Tensor]:
    """The four ways in which halving can group the pixels."""
    for down in (0, 1):
        for right in (0, 1):
            yield planes[:, down:, right:]


def _halved(planes: Tensor) -> Tensor:
    return F.avg_pool2d(planes, kernel_size=2)


def _reaches(ours: "_Patches", some: Tensor, theirs: "_Patches", similarity: float) -> Tensor:
    """Whether any correlation with ``theirs`` is ``similarity`` or more, for ``some`` of ours.

    Only those that the bounds leave open are computed.
    """
    open_ = ours.bounds[some] @ theirs.bounds.T >= similarity - MARGIN
    rows, columns = open_.any(dim=1), open_.any(dim=0).nonzero()[:, 0]
    if len(columns):
        correlations = ours.normalised(some[rows]) @ theirs.normalised(columns).T
        rows[rows.clone()] = correlations.amax(dim=1) >= similarity
    return rows


class _Patches:
    """A picture's patches, of ``side`` pixels every ``stride``, without each channel's mean.

    ``planes``: float64 [3, h, w]. ``lengths`` [P]: Euclidean norms. ``bounds``: float32 [P, d],
    whose products are no less than the patches' correlations.
    """

    def __init__(self, planes: Tensor, side: int, *, stride: int) -> None:
        windows = planes.unfold(1, side, stride).unfold(2, side, stride)
        self._windows = windows.permute(1, 2, 0, 3, 4)  # a view: [rows, columns, 3, side, side]
        self.grid = self._windows.shape[:2]
        self.count = self.grid.numel()
        sums, squares = (
            F.avg_pool2d(x, side, stride, divisor_override=1).flatten(1)
            for x in (planes, planes.square())
        )
        # Pixels are multiples of a quarter: all of this is exact but for the division and the root.
        beyond = (side**2 * squares - sums.square()).sum(dim=0) / side**2
        self.lengths = beyond.clamp_min(0).sqrt()
        cosines = _low_frequencies(planes, side)[:, :, ::stride, ::stride].flatten(2)
        low = (cosines / self.lengths.clamp_min(SMALLEST)).flatten(0, 1)
        rest = (1 - low.square().sum(dim=0)).clamp_min(0).sqrt()
        self.bounds = torch.cat([low, rest[None]]).T.float()

    def normalised(self, some: Tensor) -> Tensor:
        """Those of the given numbers, at length 1: float64 [n, 3·side²]."""
        x = self._windows[some // self.grid[1], some % self.grid[1]].flatten(2)
        x = (x - x.mean(dim=2, keepdim=True)).flatten(1)
        return F.normalize(x, eps=SMALLEST)


def _low_frequencies(planes: Tensor, side: int) -> Tensor:
    """Of the patch at every place, coefficients of the cosine transform: [3, F² − 1, h', w'].

    Without the mean's. They are a part of the patch in an orthonormal basis, and by Cauchy and
    Schwarz a correlation is at most that of these parts and of the lengths of the rest.
    """
    count = min(FREQUENCIES, side)
    places = torch.arange(side, dtype=torch.float64) + 0.5
    waves = torch.cos(torch.outer(torch.arange(count), places) * (torch.pi / side))
    waves /= waves.norm(dim=1, keepdim=True)
    across = F.conv2d(planes[:, None], waves[:, None, None, :]).flatten(0, 1)
    both = F.conv2d(across[:, None], waves[:, None, :, None])
    return both.view(len(planes), count**2, *both.shape[2:])[:, 1:]


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
