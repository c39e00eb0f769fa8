"""LPIPS v0.1: learned perceptual distance of output and content picture.

Zhang, Isola, Efros, Shechtman and Wang 2018, "The unreasonable effectiveness of deep features as a
perceptual metric" (CVPR), eq. 1, "lin" variant; reference implementation: the authors' package
``lpips`` 0.1.4, version "0.1" of its heads. Departure: float64 from the features on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

__all__ = ["LpipsMeasure", "Stack", "lpips"]

BLOCK = 4096  # places at a time: their doubles stay in a processor's cache
EPSILON = 1e-10  # of the reference: keeps places without any activation at 0


class Stack(Protocol):
    """What a network sees of a picture: features [C, h, w] a layer, and the heads' weights [C]."""

    @property
    def features(self) -> Sequence[Tensor]: ...
    @property
    def heads(self) -> Sequence[Tensor]: ...


def lpips(a: Sequence[Tensor], b: Sequence[Tensor], heads: Sequence[Tensor]) -> float:
    """Σ_l mean over positions of Σ_c w_lc (â_lc − b̂_lc)², features of unit length. In [0, ∞)."""
    return sum(_distance(x, y, w) for x, y, w in zip(a, b, heads, strict=True))


def _distance(x: Tensor, y: Tensor, weights: Tensor) -> float:
    block = BLOCK if x.is_cpu else x[0].numel()
    parts = zip(*(torch.split(each.flatten(1), block, 1) for each in (x, y)), strict=True)
    wide = weights.double()
    places = torch.cat([wide @ (_unit(a) - _unit(b)).square() for a, b in parts])
    return float(places.cpu().numpy().mean())  # PyTorch's depends on the number of threads


def _unit(features: Tensor) -> Tensor:
    """Each position's vector at length 1."""
    x = features.double()
    return x / (x.square().sum(dim=0, keepdim=True).sqrt() + EPSILON)


@dataclass(frozen=True, slots=True)
class LpipsMeasure:
    """The distance by one network."""

    network: str

    def value(self, output: Mapping[str, Stack], content: Mapping[str, Stack]) -> float:
        """From network → what it sees of the output and of the content picture."""
        ours, theirs = output[self.network], content[self.network]
        return lpips(ours.features, theirs.features, ours.heads)
