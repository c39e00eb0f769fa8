"""Sliced optimal transport of small colour patches, from coarse to fine.

Pitié, Kokaram, Dahyot: "Automated colour grading using colour distribution transfer", CVIU 107,
2007, algorithm 1: rotate the samples, match each axis' distribution to the target's exactly in one
dimension, rotate back, repeat. Rabin, Peyré, Delon, Bernot (SSVM 2011) show that this descends the
sliced Wasserstein distance; the exact one-dimensional map is sorting. Departures:
- a sample is a 2×2 block of RGB pixels (12 dimensions) at a quarter and at half of the size, with
  blocks starting at one of four shifts in turn, so that no seam stays; what a scale changed is
  carried to the next on top of the content's detail, and the full size gets one step on pixels;
- steps on blocks go half of the way, which averages over shifts and leaves no grid in flat areas;
- rotations are few, fixed and drawn from a seed, so that the method is one graph without chance;
- the style is resized to the content first, so that both have the same number of samples;
- the result is clamped to 0..1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import onnx
from numpy.typing import NDArray

from baselines.block_matching import match, match_functions
from baselines.card import Card, departures_in
from baselines.graph import build, function
from baselines.method import Method
from baselines.resampling import RESIZE, resize

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["METHOD", "STAGES", "Stage", "rotations"]


@dataclass(frozen=True, slots=True)
class Stage:
    """``steps`` rotations of ``block``×``block`` patches at 1/``shrink`` of the size.

    Each goes the part ``stride`` of the way to the match.
    """

    shrink: int
    block: int
    steps: int
    stride: float


STAGES = (Stage(4, 2, 12, 0.5), Stage(2, 2, 3, 0.5), Stage(1, 1, 1, 1.0))
SHIFTS = ((0, 0), (1, 1), (0, 1), (1, 0))
SEED = 2007


def rotations(stage: Stage) -> NDArray[np.float32]:
    """[steps, d, d] orthogonal matrices, uniform (QR of Gaussians), always the same.

    Rounded to six decimals, where one machine's QR differs from another's.
    """
    size = 3 * stage.block**2
    draws = np.random.default_rng([SEED, stage.shrink]).standard_normal((stage.steps, size, size))
    q, r = np.linalg.qr(draws)
    signs = np.sign(np.diagonal(r, axis1=1, axis2=2))
    rotation: NDArray[np.float32] = np.round(q * signs[:, None, :], 6).astype(np.float32)
    return rotation


def _shift(stage: Stage, step: int) -> tuple[int, int]:
    return SHIFTS[step % len(SHIFTS)] if stage.block > 1 else (0, 0)


# What a coarser scale changed, on top of the content at this scale.
CARRY = function(
    "Carry",
    "(result, coarse, fine) => (x)",
    """
    size = Shape<start=2>(fine)
    change = Sub(result, coarse)
    large = local.ResizeTo(change, size)
    x = Add(fine, large)
    """,
)


def _shrink(name: str, factor: int) -> str:
    """Means of factor×factor pixels; those at the far edges of odd sizes are of fewer."""
    size = f"[{factor}, {factor}]"
    return f"AveragePool<kernel_shape={size}, strides={size}, ceil_mode=1>({name})"


def _stage(index: int, stage: Stage) -> str:
    """The lines of one scale: shrink both, carry the coarser change over, rotate and match."""
    lines = [
        f"content{index} = {_shrink('content', stage.shrink)}",
        f"style{index} = {_shrink('matched_style', stage.shrink)}",
        f"stride{index} = Constant<value_float = {stage.stride}>()",
        f"x{index}_0 = local.Carry(result{index - 1}, content{index - 1}, content{index})"
        if index
        else "x0_0 = Identity(content0)",
    ]
    for step in range(stage.steps):
        at = f"{index}_{step}"
        dy, dx = _shift(stage, step)
        lines += [
            f"step{at} = Constant<value_int = {step}>()",
            f"rotation{at} = Gather<axis=0>(rotations{index}, step{at})",
            f"shift{at} = Constant<value_ints = [{dy}, {dx}]>()",
            f"x{index}_{step + 1} = local.Match{stage.block}"
            f"(x{at}, style{index}, rotation{at}, shift{at}, stride{index})",
        ]
    return "\n".join([*lines, f"result{index} = Identity(x{index}_{stage.steps})"])


def model() -> onnx.ModelProto:
    """The steps written out one after the other; every size is taken from the pictures."""
    body = "\n".join(
        [
            "full = Shape<start=2>(content)",
            "matched_style = local.ResizeTo(style, full)",
            *(_stage(index, stage) for index, stage in enumerate(STAGES)),
            f"stylized = Clip(result{len(STAGES) - 1}, zero, one)",
        ]
    )
    blocks = sorted({stage.block for stage in STAGES})
    functions = (
        RESIZE,
        CARRY,
        *(text for block in blocks for text in match_functions(block)),
    )
    constants = {f"rotations{index}": rotations(stage) for index, stage in enumerate(STAGES)}
    bounds = {"zero": np.array(0, np.float32), "one": np.array(1, np.float32)}
    return build("sliced_transport", body, functions=functions, constants=constants | bounds)


def reference(content: Tensor, style: Tensor) -> Tensor:
    """The same steps on torch tensors [N, 3, H, W]."""
    import torch
    from torch.nn.functional import avg_pool2d

    size = content.shape[-2], content.shape[-1]
    style = resize(style, size)
    coarse = result = content
    for index, stage in enumerate(STAGES):
        fine = avg_pool2d(content, stage.shrink, ceil_mode=True)
        target = avg_pool2d(style, stage.shrink, ceil_mode=True)
        scale = fine.shape[-2], fine.shape[-1]
        x = fine + resize(result - coarse, scale) if index else fine
        for step, rotation in enumerate(torch.from_numpy(rotations(stage))):
            towards = match(x, target, rotation, stage.block, _shift(stage, step))
            x = x + (towards - x) * stage.stride
        coarse, result = fine, x
    return result.clamp(0, 1)


METHOD = Method(
    name="sliced-transport",
    card=Card(
        name="Sliced optimal transport",
        authors="F. Pitié, A. Kokaram, R. Dahyot; J. Rabin, G. Peyré, J. Delon, M. Bernot",
        paper="Automated colour grading using colour distribution transfer, CVIU 107, 2007",
        licence="Apache-2.0",
        departures=departures_in(__doc__),
    ),
    model=model,
    reference=reference,
    tolerance=5e-3,  # an exchange of two nearly equal ranks,
)
