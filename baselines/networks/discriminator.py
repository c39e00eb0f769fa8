"""Patch discriminators: a score for every patch of a picture, not one for all of it.

Isola, Zhu, Zhou, Efros: "Image-to-Image Translation with Conditional Adversarial Networks",
CVPR 2017, section 3.2.2: with three strided layers each score sees 70×70 pixels. Beside it, for
trainings of minutes, one that judges by features that somebody else has learnt, as in Sauer,
Chitta, Müller, Geiger: "Projected GANs Converge Faster", NeurIPS 2021.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from baselines.features import FeatureNetwork

__all__ = ["FeatureDiscriminator", "PatchDiscriminator"]

SLOPE = 0.2


class PatchDiscriminator(nn.Module):
    """Pictures [N, 3, H, W] in 0..1 → scores [N, 1, h, w], no sigmoid.

    ``normed`` = "none" for a critic with gradient penalty, which punishes each picture by itself.
    """

    def __init__(self, width: int, *, strided: int = 3, normed: str = "instance") -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(3, width, 4, 2, 1), nn.LeakyReLU(SLOPE)]
        channels = width
        for index in range(1, strided + 1):
            stride = 2 if index < strided else 1
            after = min(2 * channels, 8 * width)
            layers.append(nn.Conv2d(channels, after, 4, stride, 1))
            if normed == "instance":
                layers.append(nn.InstanceNorm2d(after))
            layers.append(nn.LeakyReLU(SLOPE))
            channels = after
        self.layers = nn.Sequential(*layers, nn.Conv2d(channels, 1, 4, 1, 1))

    def forward(self, pictures: Tensor) -> Tensor:
        scores: Tensor = self.layers(2 * pictures - 1)
        return scores


class FeatureDiscriminator(nn.Module):
    """Pictures [N, 3, H, W] in 0..1 → scores [N, 1, h, w] for each layer of a frozen network.

    A head of two convolutions for each layer, of features over their root mean square in ``works``.
    Departures from the paper: features of VGG-19, or of what imitates it, as they are, without
    random projections that mix channels and scales. The frozen network is in no state dict.
    """

    def __init__(self, features: FeatureNetwork, works: Sequence[Tensor], width: int) -> None:
        super().__init__()
        self._frozen = (features,)
        self._layers = tuple(features.channels)
        with torch.no_grad():
            found = [features(work[None]) for work in works]
        self.heads, self.scales = nn.ModuleList(), nn.ParameterList()
        for layer in self._layers:
            power = torch.stack([maps[layer].square().mean() for maps in found]).mean()
            self.scales.append(nn.Parameter(power.sqrt() + 1e-8, requires_grad=False))
            self.heads.append(_head(features.channels[layer], width))

    def forward(self, pictures: Tensor) -> list[Tensor]:
        found = self._frozen[0](pictures)
        layers = zip(self._layers, self.scales, self.heads, strict=True)
        return [head(found[layer] / scale) for layer, scale, head in layers]


def _head(channels: int, width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, width, 1), nn.LeakyReLU(SLOPE), nn.Conv2d(width, 1, 3, 1, 1)
    )
