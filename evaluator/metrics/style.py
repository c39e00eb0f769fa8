"""Style loss: squared distance of the Gram matrices of VGG features of output and style picture.

Gatys, Ecker and Bethge 2016, "Image style transfer using convolutional neural networks" (CVPR),
eq. 3 to 5. Departures: Gram matrices in float64 and divided by their own number of positions M, so
that pictures of different size can be compared; at equal size this is the paper's value.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

__all__ = ["StyleMeasure", "gram_matrix", "style_loss", "style_mse", "style_rmse"]


def gram_matrix(features: Tensor) -> Tensor:
    """F Fᵀ / M (eq. 3, over M): float32 [N, h, w] to float64 [N, N], where M = h·w."""
    F = features.permute(1, 2, 0).flatten(0, 1)
    if F.is_cpu:
        # numpy computes half of a symmetric product and copies the other: half of PyTorch's time.
        rows = F.numpy().astype(np.float64)
        return torch.from_numpy(rows.T @ rows / len(rows))
    F = F.double()
    return F.T @ F / len(F)


def style_loss(G: Sequence[Tensor], A: Sequence[Tensor], weights: Sequence[float]) -> float:
    """Σ_l w_l · 1/(4 N_l² M_l²) Σ (G_l − A_l)² (eq. 4 and 5). In [0, ∞).

    ``G`` and ``A`` hold a ``gram_matrix`` of each layer, of output and style picture; those are
    divided by M already, which leaves a quarter of the mean over the N² entries.
    """
    return _weighted(lambda g, a: _mean_square(g - a) / 4, G, A, weights)


def style_mse(G: Sequence[Tensor], A: Sequence[Tensor], weights: Sequence[float]) -> float:
    """Σ_l w_l · mean(((G_l − A_l) / (N_l M_l))²): the mean form, Gram matrices over N·M. In [0, ∞).

    Ours; the normalisation by C·H·W is that of Johnson et al. 2016 (ECCV), eq. 3.
    """
    return _weighted(lambda g, a: _mean_square((g - a) / len(g)), G, A, weights)


def style_rmse(G: Sequence[Tensor], A: Sequence[Tensor], weights: Sequence[float]) -> float:
    """√ of ``style_mse``."""
    return float(style_mse(G, A, weights) ** 0.5)


def _mean_square(gaps: Tensor) -> float:
    # By numpy: the order of PyTorch's sum depends on the number of threads.
    return float(np.square(gaps.cpu().numpy()).mean())


def _weighted(
    distance: Callable[[Tensor, Tensor], float],
    G: Sequence[Tensor],
    A: Sequence[Tensor],
    weights: Sequence[float],
) -> float:
    return sum(w * distance(g, a) for g, a, w in zip(G, A, weights, strict=True))


_FORMS = {"style_loss": style_loss, "style_mse": style_mse, "style_rmse": style_rmse}


@dataclass(frozen=True, slots=True)
class StyleMeasure:
    """One of the forms on some VGG layers with their weights w_l."""

    form: Literal["style_loss", "style_mse", "style_rmse"]
    layers: tuple[str, ...]
    weights: tuple[float, ...]

    def value(self, output: Mapping[str, Tensor], style: Mapping[str, Tensor]) -> float:
        """From layer → ``gram_matrix`` of the output and of the style picture."""
        G, A = ([grams[layer] for layer in self.layers] for grams in (output, style))
        return _FORMS[self.form](G, A, self.weights)
