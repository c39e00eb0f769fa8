"""Feed-forward style transfer with perceptual losses: one network a style.

Johnson, Alahi, Fei-Fei: "Perceptual Losses for Real-Time Style Transfer and Super-Resolution",
ECCV 2016. W* = argmin E[λ_c ℓ_feat + λ_s ℓ_style + λ_TV ℓ_TV] (equation 1), with the feature loss
of equation 2 and the style loss of equation 4 on Gram matrices. Departures:
- instance for batch norm (Ulyanov et al. 2016); reflection padding throughout, nearest upsampling
  before a convolution, and a change of the content painted in logits (``networks/generator``);
- VGG-19 for VGG-16, conv4_1 for relu3_3, losses free of scale and moments beside Gram matrices
  (``losses``): boards compare on VGG-19;
- the style is seen in crops, not once as a whole, the rate falls over the last half of the steps,
  gradients are clipped, and what is exported is a running mean.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from baselines.card import Card
from baselines.networks.generator import ResnetGenerator
from baselines.training.perceptual import PerceptualTask
from baselines.training.pictures import Batch, Pictures
from baselines.training.settings import SMOKE_FEATURES, Settings
from baselines.training.task import Trained

__all__ = ["METHOD", "PRESETS", "Johnson"]

BLOCKS = {4: 1, 16: 3, 32: 5}  # residual blocks by width

PRESETS = {
    "smoke": Settings(
        steps=3, batch=1, crop=64, load=72, width=4, features=SMOKE_FEATURES, grid_every=3
    ),
    "cpu": Settings(steps=1500, batch=2, crop=96, load=160, width=16, style_weight=50.0),
    "gpu": Settings(
        steps=12_000,
        batch=8,
        crop=256,
        load=320,
        width=32,
        style_weight=10.0,
        precision="bfloat16",
        average=0.999,
    ),
}


class Johnson(PerceptualTask):
    """The style is in the network: it is not given the style picture."""

    def paint(self, network: nn.Module, batch: Batch) -> Tensor:
        output: Tensor = network(batch.content)
        return output


def network(settings: Settings, styles: tuple[str, ...]) -> nn.Module:
    """32-64-128 channels and five blocks at full width."""
    return ResnetGenerator(settings.width, BLOCKS.get(settings.width, 5))


def task(
    made: nn.Module, settings: Settings, pictures: Pictures, device: torch.device
) -> PerceptualTask:
    return Johnson(made, settings, device)


METHOD = Trained(
    name="johnson",
    card=Card(
        name="Johnson",
        authors="The StyleArena developers, after J. Johnson, A. Alahi, L. Fei-Fei",
        paper="Perceptual Losses for Real-Time Style Transfer and Super-Resolution, ECCV 2016",
        licence="Apache-2.0",
    ),
    presets=PRESETS,
    network=network,
    task=task,
    tied=True,
    of_one_style=True,
)
