"""One feed-forward network for many styles, by conditional instance norm.

Dumoulin, Shlens, Kudlur: "A Learned Representation for Artistic Style", ICLR 2017, equation 5:
z = γ_s (x − μ) / σ + β_s, all other weights shared. Losses are ``johnson``'s. Departures:
- those of ``johnson``;
- without a GPU most steps learn from ``compact-vgg``, the small network that imitates VGG's
  features;
- an entry is given a style picture, not a style's number: the code is a softmax over distances
  between colour signatures, so that a known picture finds its own row and an unknown one the
  nearest (the paper's own mixtures of rows, chosen by likeness); the content enters in the chosen
  style's mean colours.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from baselines.card import Card
from baselines.networks.generator import ResnetGenerator
from baselines.networks.selection import StyleSelection
from baselines.training.perceptual import PerceptualTask
from baselines.training.pictures import Batch, Pictures
from baselines.training.settings import COMPACT_FEATURES, SMOKE_FEATURES, Settings
from baselines.training.task import Trained

__all__ = ["METHOD", "PRESETS", "ConditionalJohnson", "Network"]

BLOCKS = {4: 1, 16: 3, 32: 5}

PRESETS = {
    "smoke": Settings(
        steps=3, batch=1, crop=64, load=72, width=4, features=SMOKE_FEATURES, grid_every=3
    ),
    "cpu": Settings(
        steps=1000,
        batch=4,
        crop=128,
        load=256,
        width=16,
        first_features=COMPACT_FEATURES,
        first_share=0.92,
        style_weight=10.0,
    ),
    "gpu": Settings(
        steps=20_000,
        batch=8,
        crop=256,
        load=320,
        width=32,
        style_weight=10.0,
        precision="bfloat16",
        average=0.999,
    ),
}


class Network(nn.Module):
    """Content and style in 0..1, of any sizes → stylised, of the content's size."""

    def __init__(self, width: int, styles: int) -> None:
        super().__init__()
        self.selection = StyleSelection(styles)
        self.generator = ResnetGenerator(width, BLOCKS.get(width, 5), code=styles)

    def forward(self, content: Tensor, style: Tensor) -> Tensor:
        return self.paint(content, self.selection(style))

    def paint(self, content: Tensor, code: Tensor) -> Tensor:
        """In the style of a code [N, styles]: weights of the known ones that sum to one."""
        output: Tensor = self.generator(self.selection.recoloured(content, code), code)
        return output


class ConditionalJohnson(PerceptualTask):
    """Learns by the styles' numbers; what it exports looks at the picture."""

    def learn(self, network: nn.Module, batch: Batch) -> Tensor:
        assert isinstance(network, Network)  # noqa: S101  (tells mypy)
        styles = len(network.selection.known)
        return network.paint(batch.content, one_hot(batch.index, styles).float())


def network(settings: Settings, styles: tuple[str, ...]) -> nn.Module:
    return Network(settings.width, len(styles))


def task(
    made: nn.Module, settings: Settings, pictures: Pictures, device: torch.device
) -> PerceptualTask:
    assert isinstance(made, Network)  # noqa: S101  (tells mypy)
    made.selection.learn([picture.to(device) for picture in pictures.whole_works()])
    return ConditionalJohnson(made, settings, device)


METHOD = Trained(
    name="johnson-all",
    card=Card(
        name="Johnson, all styles",
        authors="The StyleArena developers, after V. Dumoulin, J. Shlens, M. Kudlur",
        paper="A Learned Representation for Artistic Style, ICLR 2017",
        licence="Apache-2.0",
    ),
    presets=PRESETS,
    network=network,
    task=task,
)
