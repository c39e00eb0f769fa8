"""The generator of ``gan`` against a Wasserstein critic of patches with gradient penalty.

Arjovsky, Chintala, Bottou: "Wasserstein GAN", ICML 2017; Gulrajani, Ahmed, Arjovsky, Dumoulin,
Courville: "Improved Training of Wasserstein GANs", NIPS 2017, equation 3 and algorithm 1:
L = E D(x̃) − E D(x) + λ E (‖∇ D(x̂)‖₂ − 1)², λ = 10, x̂ on lines between real and painted pictures;
several critic steps for each one of the generator, no batch norm in the critic. Departures:
- those of ``gan``, Adam's rates with them (the paper: 1e-4 and β = (0, 0.9) for both networks);
- the critic judges patches: D is the mean of its scores, and so is the penalty's gradient;
- three critic steps on one batch at the ``cpu`` preset, five at ``gpu`` (the paper: five on fresh
  batches).

The log's ``recall`` and ``coverage`` are to be held beside those of ``gan``.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from baselines.card import Card
from baselines.methods import gan
from baselines.networks.discriminator import PatchDiscriminator
from baselines.training.adversarial import AdversarialSettings, AdversarialTask
from baselines.training.pictures import Pictures
from baselines.training.settings import Settings
from baselines.training.task import Task, Trained

__all__ = ["METHOD", "PENALTY", "PRESETS", "WGANGP", "gradient_penalty"]

PENALTY = 10.0
CRITIC_STEPS = {"smoke": 2, "cpu": 3, "gpu": 5}
STEPS = {"cpu": 800}

# A critic's gradient by the picture is some four times as strong as a discriminator's (measured
# after 80 steps): this weight gives it the share of the whole that it has in ``gan``.
ADVERSARIAL_WEIGHT = 0.13

PRESETS = {
    name: replace(
        settings,
        steps=STEPS.get(name, settings.steps),
        critic_steps=CRITIC_STEPS[name],
        adversarial_weight=ADVERSARIAL_WEIGHT,
    )
    for name, settings in gan.PRESETS.items()
}


def gradient_penalty(critic: nn.Module, real: Tensor, painted: Tensor) -> Tensor:
    """E (‖∇ D(x̂)‖₂ − 1)² at x̂ = ε x + (1 − ε) x̃, ε uniform for each picture."""
    share = torch.rand(len(real), 1, 1, 1, device=real.device)
    between = (share * real + (1 - share) * painted).requires_grad_()
    scores = critic(between).mean((1, 2, 3)).sum()
    (gradient,) = torch.autograd.grad(scores, between, create_graph=True)
    norms = (gradient.flatten(1).square().sum(1) + 1e-12).sqrt()
    return (norms - 1).square().mean()


class WGANGP(AdversarialTask):
    """Earth mover's distance in the place of a probability."""

    def critic_loss(self, real: Tensor, painted: Tensor) -> Tensor:
        distance = self.critic(painted).mean() - self.critic(real).mean()
        loss: Tensor = distance + PENALTY * gradient_penalty(self.critic, real, painted)
        return loss

    def generator_loss(self, painted: Tensor) -> Tensor:
        score: Tensor = self.critic(painted).mean()
        return -score


def task(made: nn.Module, settings: Settings, pictures: Pictures, device: torch.device) -> Task:
    assert isinstance(settings, AdversarialSettings)  # noqa: S101  (tells mypy)
    critic = PatchDiscriminator(settings.critic_width, normed="none")
    return WGANGP(made, critic, settings, device)


METHOD = Trained(
    name="wgan-gp",
    card=Card(
        name="WGAN-GP on patches",
        authors="The StyleArena developers, after I. Gulrajani and others",
        paper="Improved Training of Wasserstein GANs, NIPS 2017; with perceptual losses",
        licence="Apache-2.0",
    ),
    presets=PRESETS,
    network=gan.generator_for,
    task=task,
)
