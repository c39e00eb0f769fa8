"""The steps of a training: AdamW for all, or Muon for a network's own matrices.

Muon (Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks"; its rate scaled
to AdamW's as in Liu et al. 2025, "Muon is scalable for LLM training") moves a matrix by about the
same along all its axes. A convolution is the matrix [out, height·width·in].
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.optim import AdamW, Muon, Optimizer

__all__ = ["Optimisers", "adamw", "muon"]

STEM_RATE = 1e-2  # no residuals add up there, so that it bears larger steps
VECTORS_RATE = 3e-3


@dataclass(slots=True, eq=False)
class Optimisers:
    """Several, each with its own rate, that step together; ``flat`` is kept to what it views."""

    parts: Sequence[Optimizer]
    rates: Sequence[float]
    flat: Mapping[nn.Parameter, nn.Parameter] = field(default_factory=dict)

    def step(self, share: float) -> None:
        """By the gradients there are, at a share of each rate, and forget them."""
        for whole, matrix in self.flat.items():
            matrix.grad = None if whole.grad is None else _matrix(whole.grad)
        for part, rate in zip(self.parts, self.rates, strict=True):
            for group in part.param_groups:
                group["lr"] = rate * share
            part.step()
            part.zero_grad(set_to_none=True)
        for whole in self.flat:
            whole.grad = None

    def state(self) -> list[dict[str, object]]:
        return [part.state_dict() for part in self.parts]

    def resume(self, states: Sequence[dict[str, object]]) -> None:
        for part, state in zip(self.parts, states, strict=True):
            part.load_state_dict(state)


def adamw(network: nn.Module, *, rate: float, decay: float) -> Optimisers:
    return Optimisers([AdamW(network.parameters(), lr=rate, weight_decay=decay)], [rate])


def muon(network: nn.Module, *, rate: float, decay: float, trunk: str, stem: str) -> Optimisers:
    """Muon for the matrices of what is called ``trunk``, those of ``stem`` by larger steps; AdamW
    for vectors and for what the trunk does not hold. Weights must lie channels-last.
    """
    own = {n: p for n, p in network.named_parameters() if p.ndim > 1 and n.startswith(trunk)}
    flat = {p: nn.Parameter(_matrix(p.detach())) for p in own.values()}
    stems = [flat[p] for name, p in own.items() if name.startswith(stem)]
    others = [flat[p] for name, p in own.items() if not name.startswith(stem)]
    rest = [p for name, p in network.named_parameters() if name not in own]
    parts = (
        *(_muon(stems, decay), _muon(others, decay)),
        AdamW(rest, betas=(0.9, 0.99), weight_decay=0.0),
    )
    return Optimisers(parts, (STEM_RATE, rate, VECTORS_RATE), flat)


def _muon(matrices: Sequence[nn.Parameter], decay: float) -> Muon:
    return Muon(list(matrices), weight_decay=decay, adjust_lr_fn="match_rms_adamw")


def _matrix(weights: Tensor) -> Tensor:
    """A view [out, …] of weights that lie channels-last."""
    if weights.ndim == 2:
        return weights
    return weights.to(memory_format=torch.channels_last).permute(0, 2, 3, 1).flatten(1)
