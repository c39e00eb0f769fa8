"""Patch discriminators: a score for every patch of a picture, not one for all of it.

Isola, Zhu, Zhou, Efros: "Image-to-Image Translation with Conditional Adversarial Networks",
CVPR 2017, section 3.2.2: with three strided layers each score sees 70×70 pixels.
"""

from __future__ import annotations

from torch import Tensor, nn

__all__ = ["PatchDiscriminator"]

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
