"""Mean/std style loss: distance of the channel statistics of VGG features of output and style.

Huang and Belongie 2017, "Arbitrary style transfer in real-time with adaptive instance
normalization" (ICCV), eq. 13, with σ of eq. 6 (over all positions, ε = 1e-5). Departures: summed in
float64. The published training code takes mean squared differences where the equation has
Euclidean norms; this is the equation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["MeanStdMeasure", "channel_moments", "mean_std_loss"]

EPSILON = 1e-5


def channel_moments(features: Tensor) -> Tensor:
    """μ and σ of each channel: float32 [C, h, w] to float64 [2, C]."""
    x = features.flatten(1).double()
    variance, mean = torch.var_mean(x, dim=1, correction=0)
    return torch.stack([mean, (variance + EPSILON).sqrt()])


def mean_std_loss(output: Sequence[Tensor], style: Sequence[Tensor]) -> float:
    """Σ_l ‖μ_l(output) − μ_l(style)‖₂ + ‖σ_l(output) − σ_l(style)‖₂ (eq. 13). In [0, ∞).

    Both hold the ``channel_moments`` of each layer.
    """
    return sum(
        float((a - b).square().sum(dim=1).sqrt().sum()) for a, b in zip(output, style, strict=True)
    )


@dataclass(frozen=True, slots=True)
class MeanStdMeasure:
    """The loss on some VGG layers, weighted equally."""

    layers: tuple[str, ...]

    def value(self, output: Mapping[str, Tensor], style: Mapping[str, Tensor]) -> float:
        """From layer → ``channel_moments`` of the output and of the style picture."""
        return mean_std_loss(
            *([found[layer] for layer in self.layers] for found in (output, style))
        )
