"""The optimisers of a training: Adam, or Muon for matrices and Adam for the rest.

Muon (Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks"; its rate scaled
to Adam's as in Liu et al. 2025, "Muon is scalable for LLM training") moves a matrix by about the
same along all its axes, where Adam follows the strongest; a small generator learns several times as
much in a step. A convolution is the matrix [out, in · height · width].
"""

from __future__ import annotations

from collections.abc import Iterable

from torch import Tensor, nn
from torch.optim import Adam, Muon, Optimizer

from baselines.training.settings import Settings

__all__ = ["optimisers"]


def optimisers(
    name: str,
    parameters: Iterable[nn.Parameter],
    settings: Settings,
    betas: tuple[float, float] = (0.9, 0.999),
) -> dict[str, Optimizer]:
    """By name, so that checkpoints find them again: Adam at ``settings.rate`` for everything, or
    for vectors alone, and Muon at ``settings.muon``, unless that is 0.
    """
    learners = list(parameters)
    if not settings.muon:
        return {name: Adam(learners, settings.rate, betas)}
    vectors = [p for p in learners if p.ndim < 2]
    matrices = [_matrix(p) for p in learners if p.ndim >= 2]
    muon = Muon(matrices, settings.muon, weight_decay=0.0, adjust_lr_fn="match_rms_adamw")
    return {f"{name}-matrices": muon} | (
        {name: Adam(vectors, settings.rate, betas)} if vectors else {}
    )


def _matrix(weights: nn.Parameter) -> nn.Parameter:
    """Weights [out, …] seen as a matrix, which shares their memory and takes their gradient."""
    matrix = nn.Parameter(weights.detach().flatten(1))
    if matrix.data_ptr() != weights.data_ptr():
        raise ValueError("weights that do not lie row by row cannot be seen as a matrix")

    def hand_over(whole: Tensor) -> None:
        assert whole.grad is not None  # noqa: S101  (tells mypy)
        found = whole.grad.flatten(1)
        matrix.grad = found if matrix.grad is None else matrix.grad + found
        whole.grad = None

    weights.register_post_accumulate_grad_hook(hand_over)  # type: ignore[no-untyped-call]
    return matrix
