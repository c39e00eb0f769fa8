"""Training against perceptual losses alone: what feed-forward methods share."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from baselines.losses import Perceptual, total_variation
from baselines.training.optimisers import optimisers
from baselines.training.pictures import Batch
from baselines.training.settings import Settings
from baselines.training.task import Task, descend

__all__ = ["PerceptualTask"]

SMOOTHNESS = 1.0


class PerceptualTask(Task):
    """One network, one optimiser (Adam), content and style losses and a little smoothness."""

    def __init__(self, network: nn.Module, settings: Settings, device: torch.device) -> None:
        self.settings = settings
        self.modules = nn.ModuleDict({"network": network})
        self.optimisers = optimisers("network", network.parameters(), settings)
        self.perceptual = Perceptual(settings, device)

    def begin(self, share: float) -> None:
        self.perceptual.begin(share)

    def learn(self, network: nn.Module, batch: Batch) -> Tensor:
        """What ``network`` makes of a batch while it learns; as for the grid unless overridden."""
        return self.paint(network, batch)

    def paint(self, network: nn.Module, batch: Batch) -> Tensor:
        output: Tensor = network(batch.content, batch.style)
        return output

    def step(self, batch: Batch) -> dict[str, Tensor]:
        output = self.learn(self.network, batch)
        content, style = self.perceptual.losses(output, batch.content, batch.style)
        weights = self.settings
        loss = weights.content_weight * content + weights.style_weight * style
        loss = loss + SMOOTHNESS * total_variation(output)
        descend(self.optimisers, loss)
        return {"content": content, "style": style, "loss": loss}
