"""CFSD: how far the output's similarities between its own places are from the content picture's.

Chung, Hyun and Heo 2024, "Style injection in diffusion: a training-free approach for adapting
large-scale diffusion models for style transfer" (CVPR), section 5.1; reference implementation:
``PatchSimi`` of the authors' repository (jiwoogit/StyleID). As there, the features of VGG-19's
conv3_1 (after its ReLU) are divided by the number of channels, and the Kullback–Leibler divergences
of all positions are summed, not averaged: at equal size this is the published value. Departures:
float64, in blocks of rows, so that the positions × positions matrix is never whole in memory; one
pair at a time, where the reference divides a batch's sum by its size; ``scale`` for networks that
were not trained on torchvision's inputs.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["CfsdMeasure", "cfsd"]

ROWS = 256  # of the similarity matrix at a time: 8 MiB each at 64 × 64 positions


def cfsd(F: Tensor, P: Tensor, *, scale: float = 1.0) -> float:
    """Σ_i KL(softmax(P̂ P̂ᵀ)_i ‖ softmax(F̂ F̂ᵀ)_i), F̂ = scale · F / C by position. In [0, ∞).

    Features [C, h, w] of the output, F, and of the content picture, P; i runs over positions.
    """
    output, content = (_places(x, scale) for x in (F, P))
    return max(0.0, math.fsum(_divergences(content, output)))


def _places(features: Tensor, scale: float) -> Tensor:
    """One row a position: float64 [h·w, C]."""
    return features.flatten(1).T.double().contiguous() * (scale / features.shape[0])


def _divergences(content: Tensor, output: Tensor) -> Iterator[float]:
    for start in range(0, len(content), ROWS):
        block = slice(start, start + ROWS)
        p, q = (torch.log_softmax(x[block] @ x.T, dim=1) for x in (content, output))
        yield from (p.exp() * (p - q)).sum(dim=1).tolist()


@dataclass(frozen=True, slots=True)
class CfsdMeasure:
    """The distance on one VGG layer."""

    layer: str
    scale: float = 1.0

    def value(self, output: Mapping[str, Tensor], content: Mapping[str, Tensor]) -> float:
        """From layer → features of the output and of the content picture."""
        return cfsd(output[self.layer], content[self.layer], scale=self.scale)
