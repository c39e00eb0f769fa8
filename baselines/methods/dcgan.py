"""DCGAN, unconditional in origin, as a generator of pastiches that is led by pictures.

Radford, Metz, Chintala: "Unsupervised Representation Learning with Deep Convolutional Generative
Adversarial Networks", ICLR 2016. Its guidelines are kept (section 3): strided and transposed
convolutions instead of pooling, batch norm in both networks but at their ends, ReLU and tanh in the
generator, LeakyReLU in the discriminator; Adam with β₁ = 0.5, weights from N(0, 0.02) (section 4).
The losses are those of Goodfellow et al. 2014, non-saturating. Departures, without which it would
paint no content at all:
- z, a hundred numbers of noise, is replaced by a learned encoder's features of the content, at an
  eighth of the size, in the style's mean colours, and a style picture's code at every place, which
  also scales and shifts what the generator's norms give on the way up (conditional batch norm);
- each transposed convolution is given what the way down had at its size, as in Isola et al., CVPR
  2017, section 3.2.1, whose generator is DCGAN's too: without it contents lose their detail;
- what the last of them finds is added to what the content in the style's mean colours is the tanh
  of, and only then comes tanh: training starts near those colours instead of at grey;
- a content and a style loss (``losses``) beside the adversarial one;
- over the last fifth of the steps the generator's batch norms keep their statistics, as it will be
  exported with them, and before it they hear of more batches (a momentum of 0.02 for 0.1);
- β₂ is 0.99; gradients are clipped, rates fall over the last steps, a running mean is exported
  (``training``); without a GPU, Muon for the generator, and most steps learn from ``compact-vgg``,
  the small network that imitates VGG's features;
- the discriminator averages its last map, so that any size will do.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import nn

from baselines.card import Card
from baselines.methods import gan
from baselines.methods.gan import GAN
from baselines.networks.dcgan import DCGANDiscriminator, DCGANGenerator
from baselines.training.adversarial import QUICKLY, AdversarialSettings
from baselines.training.pictures import Pictures
from baselines.training.settings import Settings
from baselines.training.task import Task, Trained

__all__ = ["DCGAN", "FROZEN", "METHOD", "PRESETS"]

CODE = 64
FROZEN = 0.8  # the share of the steps after which batch norms learn no more statistics

# Batch norm needs batches; rates are the paper's, 0.0002 for both networks.
PRESETS = {
    name: replace(
        settings,
        batch=max(4, settings.batch),
        rate=2e-4,
        critic_rate=2e-4,
        width=2 * settings.width,
        crop=min(settings.crop, 128),
    )
    for name, settings in gan.PRESETS.items()
}
PRESETS["cpu"] = replace(PRESETS["cpu"], **QUICKLY, steps=1500)


class DCGAN(GAN):
    """The generator's batch norms keep the statistics they have found for the last steps."""

    def begin(self, share: float) -> None:
        super().begin(share)
        if share >= FROZEN:
            for part in self.network.modules():
                if isinstance(part, nn.BatchNorm2d):
                    part.eval()


def network(settings: Settings, styles: tuple[str, ...]) -> nn.Module:
    return DCGANGenerator(settings.width, CODE)


def task(made: nn.Module, settings: Settings, pictures: Pictures, device: torch.device) -> Task:
    assert isinstance(settings, AdversarialSettings)  # noqa: S101  (tells mypy)
    return DCGAN(made, DCGANDiscriminator(settings.critic_width), settings, device)


METHOD = Trained(
    name="dcgan",
    card=Card(
        name="DCGAN, led by pictures",
        authors="The StyleArena developers, after A. Radford, L. Metz, S. Chintala",
        paper="Unsupervised Representation Learning with Deep Convolutional Generative "
        "Adversarial Networks, ICLR 2016",
        licence="Apache-2.0",
    ),
    presets=PRESETS,
    network=network,
    task=task,
)
