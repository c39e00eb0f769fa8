"""Which of the known styles a style picture is: a code for conditional norms, without a label."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from baselines.networks.statistics import with_moments

__all__ = ["StyleSelection", "signature"]

SHARPNESS = 8.0
SMALLEST = 1e-3


def signature(pictures: Tensor) -> Tensor:
    """Twelve numbers of the colours of pictures [N, 3, H, W], whatever their size: [N, 12].

    Means, deviations, correlations and skewnesses of the channels.
    """
    flat = pictures.flatten(2)
    mean = flat.mean(2, keepdim=True)
    centred = flat - mean
    spread = centred.square().mean(2, keepdim=True).sqrt() + SMALLEST
    scaled = centred / spread
    red, green, blue = scaled[:, 0], scaled[:, 1], scaled[:, 2]
    pairs = ((red, green), (green, blue), (blue, red))
    correlations = torch.stack([(a * b).mean(1) for a, b in pairs], dim=1)
    skewness = (scaled * scaled * scaled).mean(2) / 2
    return torch.cat([mean[:, :, 0], spread[:, :, 0], correlations, skewness], dim=1)


class StyleSelection(nn.Module):
    """A style picture → weights [N, styles] that sum to one, nearly all on the nearest style."""

    def __init__(self, styles: int) -> None:
        super().__init__()
        self.known = nn.Buffer(torch.zeros(styles, 12))

    def learn(self, pictures: Sequence[Tensor]) -> None:
        """Note the signatures of the styles [3, H, W], in order."""
        rows = torch.cat([signature(picture[None]) for picture in pictures])
        self.known.copy_(rows)

    def recoloured(self, content: Tensor, weights: Tensor) -> Tensor:
        """The content with the mean and deviation of the chosen style's channels, in 0..1."""
        wanted = (weights @ self.known)[:, :, None, None]
        return with_moments(content, wanted[:, :3], wanted[:, 3:6]).clamp(0, 1)

    def forward(self, style: Tensor) -> Tensor:
        difference = signature(style)[:, None] - self.known[None]
        distances = difference.square().sum(2)
        return (-(SHARPNESS**2) * distances).softmax(1)
