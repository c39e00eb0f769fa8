"""What the loop trains: modules, their optimisers and one step of learning."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from baselines.card import Card
from baselines.training.pictures import Batch, Pictures
from baselines.training.settings import Settings

__all__ = ["Task", "Trained", "descend"]


class Task(ABC):
    """A training as far as the loop knows it.

    ``modules`` hold everything that is learnt or remembered; ``modules["network"]`` is what will be
    exported, a frozen encoder included, as AdaIN's and WCT's. Frozen networks that only losses and
    judges look through are kept outside of them: they are in no checkpoint.
    """

    modules: nn.ModuleDict
    optimisers: Mapping[str, Optimizer]

    @property
    def network(self) -> nn.Module:
        """What will be exported."""
        return self.modules["network"]

    def begin(self, share: float) -> None:  # noqa: B027  (most have nothing to do)
        """Hear, before each step, what share of all steps is done."""

    @abstractmethod
    def step(self, batch: Batch) -> dict[str, Tensor]:
        """Learn from one batch; what it says is logged, by name."""

    @abstractmethod
    def paint(self, network: nn.Module, batch: Batch) -> Tensor:
        """What ``network``, this task's or its running mean, makes of a batch, for the grid."""

    def monitor(self, draw: Callable[[int], Batch]) -> dict[str, float]:
        """What is watched beside the losses; ``draw`` gives a batch of a size."""
        return {}


@dataclass(frozen=True, slots=True)
class Trained:
    """A method that learns.

    ``network(settings, styles)`` builds what is exported, without its weights, for the ids of the
    works it learns from; ``task`` the training around it. ``tied``: its entry is for those styles
    only and takes no style picture. ``of_one_style``: it has to be told which. ``inputs``: buffers
    of the network that the ONNX model offers as further inputs, with their values as defaults.
    ``ignores``: settings that mean nothing to it, which are refused. ``tolerance`` bounds
    |ONNX − torch|.
    """

    name: str
    card: Card
    presets: Mapping[str, Settings]
    network: Callable[[Settings, tuple[str, ...]], nn.Module]
    task: Callable[[nn.Module, Settings, Pictures, torch.device], Task]
    tied: bool = False
    of_one_style: bool = False
    inputs: tuple[str, ...] = ()
    ignores: frozenset[str] = frozenset()
    tolerance: float = 1e-3


def descend(optimisers: Mapping[str, Optimizer], loss: Tensor) -> None:
    """One step of each down a loss, its gradient clipped to a norm of 10 over each group."""
    for optimiser in optimisers.values():
        optimiser.zero_grad(set_to_none=True)
    torch.autograd.backward(loss)
    for optimiser in optimisers.values():
        for group in optimiser.param_groups:
            nn.utils.clip_grad_norm_(group["params"], 10.0)
        optimiser.step()
