"""Content loss: squared distance of VGG features of output and content picture.

Gatys, Ecker and Bethge 2016, "Image style transfer using convolutional neural networks" (CVPR),
eq. 1. Departure: summed in float64; the mean forms below are ours.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from torch import Tensor

__all__ = ["ContentMeasure", "content_loss", "content_mse", "content_rmse"]


def content_loss(F: Tensor, P: Tensor) -> float:
    """½ Σ (F − P)² over features of the output, F, and of the content picture, P. In [0, ∞).

    Any shape, the same for both; float32, summed in float64. Grows with the picture.
    """
    return 0.5 * _squared_distance(F, P)


def content_mse(F: Tensor, P: Tensor) -> float:
    """The mean of (F − P)²: ``content_loss`` · 2 / number of features."""
    return _squared_distance(F, P) / F.numel()


def content_rmse(F: Tensor, P: Tensor) -> float:
    """√ of ``content_mse``."""
    return float(content_mse(F, P) ** 0.5)


def _squared_distance(F: Tensor, P: Tensor) -> float:
    # Summed by numpy: the order of PyTorch's sum depends on the number of threads.
    gaps = (F.double() - P.double()).cpu().numpy()
    return float(np.square(gaps).sum())


_FORMS = {"content_loss": content_loss, "content_mse": content_mse, "content_rmse": content_rmse}


@dataclass(frozen=True, slots=True)
class ContentMeasure:
    """One of the forms on one VGG layer."""

    form: Literal["content_loss", "content_mse", "content_rmse"]
    layer: str

    def value(self, output: Mapping[str, Tensor], content: Mapping[str, Tensor]) -> float:
        """From layer → features of the output and of the content picture."""
        return _FORMS[self.form](output[self.layer], content[self.layer])
