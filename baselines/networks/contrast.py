"""Contrast of patches: heads on a generator's features, and the loss that matches them.

Park, Efros, Zhang, Zhu: "Contrastive Learning for Unpaired Image-to-Image Translation", ECCV 2020.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

__all__ = ["PatchHeads", "patch_nce"]

TEMPERATURE = 0.07


class PatchHeads(nn.Module):
    """H: two linear layers for each tapped layer of ``channels``, to unit length."""

    def __init__(self, channels: Sequence[int], units: int) -> None:
        super().__init__()
        self.heads = nn.ModuleList(
            nn.Sequential(nn.Linear(count, units), nn.ReLU(), nn.Linear(units, units))
            for count in channels
        )

    def forward(self, taps: Sequence[Tensor], places: Sequence[Tensor]) -> list[Tensor]:
        """For each layer [B, places, units]."""
        chosen = [
            x.flatten(2)[:, :, at].transpose(1, 2) for x, at in zip(taps, places, strict=True)
        ]
        return [normalize(head(x), dim=2) for head, x in zip(self.heads, chosen, strict=True)]


def patch_nce(queries: Tensor, keys: Tensor) -> Tensor:
    """Equation 2 on unit vectors [B, places, units]: query i must find key i of its picture."""
    scores = queries @ keys.detach().transpose(1, 2) / TEMPERATURE
    wanted = torch.arange(scores.shape[1], device=scores.device).expand(len(scores), -1)
    return cross_entropy(scores.flatten(0, 1), wanted.flatten())
