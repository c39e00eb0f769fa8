"""A style-based generator, unconditional in origin, that is given a content and a style picture.

Karras, Laine, Aittala, Hellsten, Lehtinen, Aila: "Analyzing and Improving the Image Quality of
StyleGAN", CVPR 2020: mapping network, modulated and demodulated convolutions (equations 1 and 3),
sums of RGB skips instead of growing (section 4), the non-saturating logistic loss with R₁,
γ/2 E‖∇D(x)‖² (Mescheder et al. 2018), every 16th step (section 3.1). Departures, which make it a
style transfer network:
- z is a style picture's code from a learned encoder, and the learned constant is replaced by the
  content's features, which also stand beside each block (as in a U-Net);
- content and style losses (``losses``); RGB is added, in logits, to the content in the style's
  mean colours;
- four mapping layers instead of eight and no slower rate for them; the encoders' rates are not
  equalised, and a tenth of the other layers'; Adam with β = (0.5, 0.99) (the paper: 0 and 0.99, at
  2e-3); gradients are clipped, rates fall over the last steps; without a GPU, Muon for the
  generator's matrices, and most steps learn from ``compact-vgg``, which imitates VGG's features;
- no noise inputs, since an entry's output must not depend on chance; no path length regularisation,
  no mixing; a patch discriminator without norm instead of the residual one with its minibatch
  deviation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from baselines.card import Card
from baselines.methods import gan
from baselines.networks.discriminator import PatchDiscriminator
from baselines.networks.stylegan2 import StyleGAN2Generator
from baselines.training.adversarial import QUICKLY, AdversarialSettings, AdversarialTask
from baselines.training.pictures import Pictures
from baselines.training.settings import Settings
from baselines.training.task import Task, Trained

__all__ = ["METHOD", "PRESETS", "StyleBased", "StyleBasedSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StyleBasedSettings(AdversarialSettings):
    """``gamma`` of R₁, which is taken every ``lazy`` steps, ``lazy`` times as strong."""

    LEAST: ClassVar[Mapping[str, int]] = {**AdversarialSettings.LEAST, "code": 1, "lazy": 1}

    code: int = 64
    gamma: float = 1.0
    lazy: int = 16


def _from(settings: AdversarialSettings, *, code: int, lazy: int = 16) -> StyleBasedSettings:
    values = {field.name: getattr(settings, field.name) for field in fields(settings)}
    return StyleBasedSettings(**values, code=code, lazy=lazy)


PRESETS = {
    "smoke": _from(gan.PRESETS["smoke"], code=8, lazy=2),
    "cpu": replace(_from(gan.PRESETS["cpu"], code=64), **QUICKLY, batch=4, steps=1200),
    "gpu": _from(gan.PRESETS["gpu"], code=256),
}


class StyleBased(AdversarialTask):
    """Logistic losses; R₁ on real pictures now and then. The count of steps is in ``modules``."""

    def __init__(
        self, network: nn.Module, settings: StyleBasedSettings, device: torch.device
    ) -> None:
        critic = PatchDiscriminator(settings.critic_width, normed="none")
        super().__init__(network, critic, settings, device)
        self._gamma, self._lazy = settings.gamma, settings.lazy
        self._counter = _Counter()
        self.modules["counter"] = self._counter

    def critic_loss(self, real: Tensor, painted: Tensor) -> Tensor:
        loss = softplus(self.critic(painted)).mean() + softplus(-self.critic(real)).mean()
        if self._counter.next() % self._lazy == 0:
            loss = loss + self._lazy * self._gamma / 2 * self._r1(real)
        return loss

    def generator_loss(self, painted: Tensor) -> Tensor:
        return softplus(-self.critic(painted)).mean()

    def _r1(self, real: Tensor) -> Tensor:
        pictures = real.detach().requires_grad_()
        scores = self.critic(pictures).mean((1, 2, 3)).sum()
        (gradient,) = torch.autograd.grad(scores, pictures, create_graph=True)
        return gradient.flatten(1).square().sum(1).mean()


class _Counter(nn.Module):
    """How often the critic has learnt; a buffer, so that a resumed training goes on counting."""

    def __init__(self) -> None:
        super().__init__()
        self.count = nn.Buffer(torch.zeros((), dtype=torch.long))

    def next(self) -> int:
        """The count before this one."""
        before = int(self.count)
        self.count.add_(1)
        return before


def network(settings: Settings, styles: tuple[str, ...]) -> nn.Module:
    assert isinstance(settings, StyleBasedSettings)  # noqa: S101  (tells mypy)
    return StyleGAN2Generator(settings.width, settings.code)


def task(made: nn.Module, settings: Settings, pictures: Pictures, device: torch.device) -> Task:
    assert isinstance(settings, StyleBasedSettings)  # noqa: S101  (tells mypy)
    return StyleBased(made, settings, device)


METHOD = Trained(
    name="stylegan2",
    card=Card(
        name="StyleGAN2-like, led by pictures",
        authors="The StyleArena developers, after T. Karras and others",
        paper="Analyzing and Improving the Image Quality of StyleGAN, CVPR 2020",
        licence="Apache-2.0",
    ),
    presets=PRESETS,
    network=network,
    task=task,
)
