"""Pictures changed at random, all of a set in the same way, so that a method stays one method.

The teacher is asked of what it is shown, changed and all, so that no two lessons are alike and
nothing can be learned by heart: Beyer et al. 2022, "Knowledge distillation: A good teacher is
patient and consistent". Everything random draws from PyTorch's generator.
"""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

__all__ = ["augmented"]

LEAST_SIDE = 96  # of a crop that is made as large as the picture


def augmented(pictures: NDArray[np.uint8]) -> Tensor:
    """uint8 [n, S, S, 3] to float32 [n, S, S, 3] in 0..255, changed."""
    x = torch.from_numpy(np.array(pictures)).permute(0, 3, 1, 2).float() / 255
    for share, change in _CHANGES:
        if _chance(share):
            x = change(x)
    return (255 * x.clamp(0, 1)).permute(0, 2, 3, 1)


def _cropped(x: Tensor) -> Tensor:
    """Every picture somewhere else, at the same scale."""
    full = x.shape[2]
    side = _between(min(LEAST_SIDE, full), full)
    crops = []
    for picture in x:
        top, left = (_between(0, full - side) for _ in range(2))
        crops.append(picture[:, top : top + side, left : left + side])
    return _resized(torch.stack(crops), full)


def _lit_otherwise(x: Tensor) -> Tensor:
    """Brightness, contrast and saturation."""
    mean = x.mean()
    x = (x - mean) * _uniform(0.6, 1.4) + mean * _uniform(0.7, 1.3)
    grey = x.mean(1, keepdim=True)
    return (grey + (x - grey) * _uniform(0, 1.8)).clamp(0, 1)


def _noisy(x: Tensor) -> Tensor:
    return (x + torch.randn_like(x) * _uniform(0.01, 0.1)).clamp(0, 1)


def _blurred(x: Tensor) -> Tensor:
    full = x.shape[2]
    return _resized(_resized(x, _between(full * 3 // 16, full * 3 // 4)), full)


_CHANGES: tuple[tuple[float, Callable[[Tensor], Tensor]], ...] = (
    (0.6, _cropped),
    (0.5, lambda x: x.flip(3)),
    (0.2, lambda x: x.flip(2)),
    (0.4, _lit_otherwise),
    (0.2, lambda x: x[:, torch.randperm(3)]),
    (0.1, _noisy),
    (0.1, _blurred),
)
"""How often, and what."""


def _resized(x: Tensor, side: int) -> Tensor:
    return F.interpolate(x, (side, side), mode="bilinear", antialias=True)


def _chance(share: float) -> bool:
    return float(torch.rand(())) < share


def _between(low: int, high: int) -> int:
    """A whole number, both ends included."""
    return int(torch.randint(low, high + 1, ()))


def _uniform(low: float, high: float) -> float:
    return low + (high - low) * float(torch.rand(()))
