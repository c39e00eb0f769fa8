"""Our small arbitrary-style model: a style encoder and a modulated generator, no VGG inside.

The plan of Huang, Belongie (ICCV 2017) with everything learnt: statistics of a small encoder's
features instead of VGG's lead the norms of a small generator (``networks/small``), as in Ghiasi,
Lee, Kudlur, Dumoulin, Shlens: "Exploring the structure of a real-time, arbitrary neural artistic
stylization network", BMVC 2017, whose style predictor is an Inception network. Losses are those of
Johnson et al. (``losses``). Departures:
- gradients are clipped, rates fall over the last steps, a running mean is exported (``training``);
- under a million parameters in all (their style predictor alone has more than twenty);
- content and style losses on Gram matrices and moments together, free of scale;
- the content enters in the style's mean colours, so that the network learns the rest;
- without a GPU most steps learn from the small network that imitates VGG's features
  (``compact-vgg``), eight times as many in the same time; the last ones from VGG itself;
- it is meant for the board, not for a paper: it learns from the reference works beside the styles.
"""

from __future__ import annotations

import torch
from torch import nn

from baselines.card import Card
from baselines.networks.small import SmallGenerator
from baselines.training.perceptual import PerceptualTask
from baselines.training.pictures import Pictures
from baselines.training.settings import COMPACT_FEATURES, SMOKE_FEATURES, Settings
from baselines.training.task import Trained

__all__ = ["METHOD", "PRESETS"]

CODES = {4: 8}  # numbers in a style's code, by width
CODE = 96
BLOCKS = {4: 1, 16: 3}  # residual blocks, by width

PRESETS = {
    "smoke": Settings(
        steps=3, batch=2, crop=64, load=72, width=4, features=SMOKE_FEATURES, grid_every=3
    ),
    "cpu": Settings(
        steps=2000,
        batch=4,
        crop=128,
        load=256,
        width=16,
        first_features=COMPACT_FEATURES,
        first_share=0.95,
        style_weight=10.0,
        references=True,
    ),
    "gpu": Settings(
        steps=30_000,
        batch=16,
        crop=256,
        load=320,
        width=20,
        style_weight=10.0,
        references=True,
        precision="bfloat16",
        average=0.999,
    ),
}


def network(settings: Settings, styles: tuple[str, ...]) -> nn.Module:
    width = settings.width
    return SmallGenerator(width, BLOCKS.get(width, 4), CODES.get(width, CODE))


def task(
    made: nn.Module, settings: Settings, pictures: Pictures, device: torch.device
) -> PerceptualTask:
    return PerceptualTask(made, settings, device)


METHOD = Trained(
    name="student",
    card=Card(
        name="Small student",
        authors="The StyleArena developers",
        paper="after Exploring the structure of a real-time, arbitrary neural artistic "
        "stylization network, BMVC 2017",
        licence="Apache-2.0",
    ),
    presets=PRESETS,
    network=network,
    task=task,
)
