"""What ``cyclegan`` and ``fastcut`` share: settings, and who judges whether a picture is a work.

Least squares for the adversarial loss and a 70×70 PatchGAN, as both papers have. Departure: beside
it a second judge looks at frozen features (``networks/discriminator``), whose gradients know of
textures from the first step on, where a discriminator of pixels takes hours to learn them; with
``feature_weight`` = 0 there is none, as in the papers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from baselines.features import feature_network
from baselines.losses import jittered
from baselines.networks.discriminator import FeatureDiscriminator, PatchDiscriminator
from baselines.training.settings import (
    COMPACT_FEATURES,
    PERCEPTUAL,
    SMOKE_FEATURES,
    Settings,
)

__all__ = ["BETAS", "IGNORED", "SHARED", "Judge", "UnpairedSettings"]

BETAS = (0.5, 0.999)
# What both methods' presets have in common.
SHARED: Mapping[str, Mapping[str, Any]] = {
    "smoke": {
        "steps": 3,
        "batch": 1,
        "crop": 64,
        "load": 72,
        "width": 4,
        "blocks": 1,
        "critic_width": 4,
        "features": SMOKE_FEATURES,
        "grid_every": 3,
    },
    "cpu": {
        "batch": 1,
        "crop": 128,
        "load": 256,
        "width": 16,
        "rate": 1e-3,
        "muon": 1e-2,
        "blocks": 4,
        "features": COMPACT_FEATURES,
    },
    "gpu": {
        "steps": 40_000,
        "batch": 4,
        "crop": 256,
        "load": 286,
        "width": 48,
        "blocks": 9,
        "critic_width": 64,
        "precision": "bfloat16",
        "average": 0.999,
    },
}
IGNORED = PERCEPTUAL - {"features", "style_layers"}


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpairedSettings(Settings):
    """``cycle`` is λ; ``identity`` its share for L_identity; ``pool`` pictures are remembered.

    ``feature_weight``: of the judge who looks at ``style_layers`` of ``features``.
    """

    LEAST: ClassVar[Mapping[str, int]] = {**Settings.LEAST, "blocks": 1, "critic_width": 1}

    rate: float = 2e-4
    references: bool = True
    blocks: int = 6
    critic_width: int = 32
    feature_weight: float = 4.0
    cycle: float = 10.0
    identity: float = 0.5
    pool: int = 50


class Judge(nn.Module):
    """Tells pictures of one kind, ``known`` [3, h, w] in 0..1, from those that are painted."""

    def __init__(
        self, settings: UnpairedSettings, known: Sequence[Tensor], device: torch.device
    ) -> None:
        super().__init__()
        self.patches = PatchDiscriminator(settings.critic_width)
        self.features: FeatureDiscriminator | None = None
        self._weight = settings.feature_weight
        if self._weight:
            features = feature_network(settings.features, settings.style_layers).to(device)
            works = [picture.to(device) for picture in known]
            self.features = FeatureDiscriminator(features, works, settings.critic_width)

    def forward(self, pictures: Tensor, wanted: float) -> Tensor:
        """Mao et al., ICCV 2017, equation 2: E (D − wanted)², each layer of features in turn."""
        loss = _distance(self.patches(pictures), wanted)
        if self.features is None:
            return loss
        (seen,) = jittered(pictures)
        others = [_distance(scores, wanted) for scores in self.features(seen)]
        return loss + self._weight * torch.stack(others).mean()


def _distance(scores: Tensor, wanted: float) -> Tensor:
    return (scores - wanted).square().mean()
