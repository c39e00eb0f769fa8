"""Losses of training: content, style, smoothness, each free of the scale of the features.

Every layer's squared error is divided by the mean square of its target, so that one set of weights
serves VGG in Caffe's scale, in torchvision's, and the compact network. Methods on this file state
that as their departure; Gatys' own losses, unscaled, are in ``methods/gatys_entry.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from baselines.features import FeatureNetwork, feature_network
from baselines.networks.statistics import gram, moments
from baselines.training.settings import Settings

__all__ = ["Perceptual", "jittered", "relative_error", "total_variation"]

SMALLEST = 1e-8
JITTER = 0.2  # of the size
MARGIN = 8  # pixels that may be cut off


def relative_error(found: Tensor, target: Tensor) -> Tensor:
    """mean (found − target)² / mean target²; the target is not led by it."""
    target = target.detach()
    return (found - target).square().mean() / (target.square().mean() + SMALLEST)


def total_variation(pictures: Tensor) -> Tensor:
    """The mean squared difference of neighbours, both ways."""
    down = (pictures[:, :, 1:] - pictures[:, :, :-1]).square().mean()
    across = (pictures[:, :, :, 1:] - pictures[:, :, :, :-1]).square().mean()
    return down + across


class Perceptual:
    """Content and style losses on the features that the settings name.

    Style by Gram matrices (Gatys et al. 2016, equation 4) and by means and deviations (Li et al.
    2017, "Demystifying neural style transfer"), in equal parts: the first is what boards score, the
    second leads a young network more steadily.
    """

    def __init__(self, settings: Settings, device: torch.device) -> None:
        self._content, self._style = settings.content_layer, settings.style_layers
        layers = {self._content, *self._style}
        self.network: FeatureNetwork = feature_network(settings.features, layers).to(device)
        self._now, self._first_share = self.network, settings.first_share
        if self._first_share > 0:
            self._now = feature_network(settings.first_features, layers).to(device)

    def begin(self, share: float) -> None:
        """Hear, before a step, what share of all steps is done: the first features end there."""
        if share >= self._first_share:
            self._now = self.network

    def losses(self, output: Tensor, content: Tensor, style: Tensor) -> tuple[Tensor, Tensor]:
        """(content loss, style loss) of an output against a content and a style picture."""
        if self._now is not self.network:
            output, content, style = jittered(output, content, style)
        with torch.no_grad():
            target = self._now(content, [self._content])[self._content]
            wanted = self._now(style, self._style)
        found = self._now(output)
        return relative_error(found[self._content], target), style_error(found, wanted, self._style)


def jittered(*pictures: Tensor) -> list[Tensor]:
    """Pictures [N, 3, H, W], each resized by the same random factor, with the same random margin.

    A small network sees only some of what VGG sees; a picture optimised for it puts into the rest
    whatever helps, such as a pattern that its strides never meet in another phase. Patterns that
    must work at any phase and size are those that VGG sees too (transformation robustness: Olah,
    Mordvintsev, Schubert, "Feature Visualization", Distill 2017).
    """
    factor = 1 + JITTER * (2 * float(torch.rand(())) - 1)
    top, left = torch.randint(MARGIN, (2,)).tolist()
    sizes = [[round(side * factor) for side in picture.shape[2:]] for picture in pictures]
    return [
        interpolate(picture, size, mode="bilinear", antialias=True)[:, :, top:, left:]
        for picture, size in zip(pictures, sizes, strict=True)
    ]


def style_error(
    found: Mapping[str, Tensor], wanted: Mapping[str, Tensor], layers: Sequence[str]
) -> Tensor:
    """The mean over layers of the errors of Gram matrices, means and deviations."""
    parts = []
    for layer in layers:
        parts.append(relative_error(gram(found[layer]), gram(wanted[layer])))
        pairs = zip(moments(found[layer]), moments(wanted[layer]), strict=True)
        parts.append(sum((relative_error(a, b) for a, b in pairs), torch.zeros(())) / 2)
    return torch.stack(parts).mean()
