"""Training a style-led generator against a critic of patches, with content and style losses.

What ``gan`` and ``wgan_gp`` share: one step of the critic (or several), one of the generator, and
the watch for mode collapse. They differ in what critic and generator want: two functions.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.optim import Adam

from baselines.losses import Perceptual
from baselines.training.monitor import NEIGHBOURS, collapse
from baselines.training.optimisers import optimisers
from baselines.training.pictures import Batch
from baselines.training.settings import COMPACT_FEATURES, Settings
from baselines.training.task import Task, descend

__all__ = ["QUICKLY", "AdversarialSettings", "AdversarialTask"]

BETAS = (0.5, 0.99)

# What lets a generator come far in the minutes of a processor.
QUICKLY: Mapping[str, Any] = {
    "crop": 128,
    "load": 256,
    "muon": 5e-3,
    "first_features": COMPACT_FEATURES,
    "first_share": 0.92,
    "style_weight": 30.0,
    "average": 0.995,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AdversarialSettings(Settings):
    """``critic_steps`` for each step of the generator; about ``watched`` pictures are monitored."""

    LEAST: ClassVar[Mapping[str, int]] = {**Settings.LEAST, "critic_steps": 1, "critic_width": 1}

    adversarial_weight: float = 0.5
    critic_steps: int = 1
    critic_width: int = 32
    critic_rate: float = 4e-4
    watched: int = 64


class AdversarialTask(Task):
    """``modules``: the generator, "network", and the critic, a patch discriminator."""

    def __init__(
        self,
        network: nn.Module,
        critic: nn.Module,
        settings: AdversarialSettings,
        device: torch.device,
    ) -> None:
        self.settings = settings
        self.critic = critic.to(device)
        self.modules = nn.ModuleDict({"network": network, "critic": self.critic})
        self.perceptual = Perceptual(settings, device)
        self._learning = optimisers("network", network.parameters(), settings, BETAS)
        self._judging = {"critic": Adam(critic.parameters(), settings.critic_rate, BETAS)}
        self.optimisers = self._learning | self._judging

    @abstractmethod
    def critic_loss(self, real: Tensor, painted: Tensor) -> Tensor:
        """What the critic brings down; ``painted`` carries no gradient."""

    @abstractmethod
    def generator_loss(self, painted: Tensor) -> Tensor:
        """What the generator brings down, beside content and style losses."""

    def begin(self, share: float) -> None:
        self.perceptual.begin(share)

    def paint(self, network: nn.Module, batch: Batch) -> Tensor:
        output: Tensor = network(batch.content, batch.style)
        return output

    def step(self, batch: Batch) -> dict[str, Tensor]:
        painted = self.paint(self.network, batch)
        for _ in range(self.settings.critic_steps):
            critic = self.critic_loss(batch.style, painted.detach())
            descend(self._judging, critic)
        content, style = self.perceptual.losses(painted, batch.content, batch.style)
        adversarial = self.generator_loss(painted)
        weights = self.settings
        loss = (
            weights.content_weight * content
            + weights.style_weight * style
            + weights.adversarial_weight * adversarial
        )
        descend(self._learning, loss)
        found = {"content": content, "style": style, "adversarial": adversarial}
        return found | {"critic": critic, "loss": loss}

    def monitor(self, draw: Callable[[int], Batch]) -> dict[str, float]:
        """Recall and coverage of outputs led by half of the works among crops of the other half.

        The network as it learns, not its running mean. Empty where too few works are at hand.
        """
        if not self.settings.watched:
            return {}
        batch, others = draw(2 * self.settings.watched), draw(2 * self.settings.watched)
        led, kept = batch.index % 2 == 0, others.index % 2 == 1
        if min(int(led.sum()), int(kept.sum())) <= NEIGHBOURS:
            return {}
        self.network.eval()  # so that no batch norm learns from what is only watched
        with torch.no_grad():
            pairs = zip(batch.content[led][:, None], batch.style[led][:, None], strict=True)
            outputs = torch.cat([self.network(content, style) for content, style in pairs])
        self.network.train()
        return collapse(self.perceptual.network, outputs, others.style[kept])
