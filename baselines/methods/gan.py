"""A GAN with content and style losses: generator and patch discriminator against each other.

Goodfellow et al.: "Generative Adversarial Nets", NIPS 2014: the discriminator maximises
log D(x) + log(1 − D(G(z))) (equation 1), the generator log D(G(z)), the non-saturating form of
section 3. D judges patches (Isola et al., CVPR 2017, section 3.2.2). Departures:
- z is not noise: G is given a content and a style picture (``networks/generator``), and content and
  style losses (``losses``) tell it which of each; x are crops of works of style; the content
  enters in the style's mean colours;
- Adam with β = (0.5, 0.99), at 1e-3 for the generator and 4e-4 for the discriminator; gradients
  are clipped, rates fall over the last steps, a running mean is exported (``training``).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from baselines.card import Card
from baselines.networks.discriminator import PatchDiscriminator
from baselines.networks.generator import StyledGenerator
from baselines.training.adversarial import AdversarialSettings, AdversarialTask
from baselines.training.pictures import Pictures
from baselines.training.settings import SMOKE_FEATURES, Settings
from baselines.training.task import Task, Trained

__all__ = ["GAN", "METHOD", "PRESETS", "generator_for"]

BLOCKS = {4: 1, 12: 2, 16: 3}  # residual blocks and numbers in a style's code, by width
CODES = {4: 8, 12: 48}

PRESETS = {
    "smoke": AdversarialSettings(
        steps=3,
        batch=1,
        crop=64,
        load=72,
        width=4,
        critic_width=4,
        features=SMOKE_FEATURES,
        watched=8,
        grid_every=3,
        monitor_every=3,
    ),
    "cpu": AdversarialSettings(
        steps=400,
        batch=2,
        crop=96,
        load=160,
        width=12,
        style_weight=50.0,
        references=True,
        monitor_every=100,
    ),
    "gpu": AdversarialSettings(
        steps=20_000,
        batch=8,
        crop=256,
        load=320,
        width=24,
        critic_width=64,
        style_weight=10.0,
        references=True,
        precision="bfloat16",
        average=0.999,
        watched=256,
        monitor_every=1000,
    ),
}


class GAN(AdversarialTask):
    """−log σ(D) and −log(1 − σ(D)), as softplus of scores."""

    def critic_loss(self, real: Tensor, painted: Tensor) -> Tensor:
        return softplus(-self.critic(real)).mean() + softplus(self.critic(painted)).mean()

    def generator_loss(self, painted: Tensor) -> Tensor:
        return softplus(-self.critic(painted)).mean()


def generator_for(settings: Settings, styles: tuple[str, ...]) -> nn.Module:
    """The generator that ``gan`` and ``wgan_gp`` share."""
    width = settings.width
    return StyledGenerator(width, BLOCKS.get(width, 4), CODES.get(width, 96))


def task(made: nn.Module, settings: Settings, pictures: Pictures, device: torch.device) -> Task:
    assert isinstance(settings, AdversarialSettings)  # noqa: S101  (tells mypy)
    return GAN(made, PatchDiscriminator(settings.critic_width), settings, device)


METHOD = Trained(
    name="gan",
    card=Card(
        name="GAN with content and style losses",
        authors="The StyleArena developers, after I. Goodfellow and others",
        paper="Generative Adversarial Nets, NIPS 2014; with perceptual losses",
        licence="Apache-2.0",
    ),
    presets=PRESETS,
    network=generator_for,
    task=task,
)
