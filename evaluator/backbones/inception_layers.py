"""FID's Inception as a plan: its layers, how they are wired, and their folded weights.

One description for every engine: ``inception`` runs it with PyTorch, ``inception_onnx`` writes it
down for onnxruntime. Light: numpy only.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from evaluator.errors import PlatformFault

__all__ = [
    "DIMS",
    "MIXED_6_SIDE",
    "SIDE",
    "Operations",
    "convolution",
    "fold_batch_norm",
    "layers_up_to",
    "padding_of",
    "stride_of",
    "wire",
]

DIMS = (64, 192, 768, 2048)
SIDE = 299
MIXED_6_SIDE = 17  # of the maps of Mixed_6a to Mixed_6e
BATCH_NORM_EPS = 1e-3

Floats = NDArray[np.float32]
Arrays = Mapping[str, NDArray[Any]]
T = TypeVar("T")


SPATIAL_LAYER, SPATIAL_CHANNELS = "Mixed_6d.branch1x1", 7
"""Where sFID looks (``inception_streams``): so many channels of that layer, unpooled."""

SPATIAL_DIMS = 768  # the first block beyond that layer


class Operations(Protocol[T]):
    """What an engine offers; T is a tensor, or the name of one."""

    def convolve(self, x: T, layer: str) -> T:
        """The layer's convolution with its batch norm folded in, then ReLU."""

    def halve(self, x: T) -> T:
        """Maximum over 3×3, stride 2, no padding."""

    def maximum(self, x: T) -> T:
        """Maximum over 3×3, stride 1, side kept."""

    def average(self, x: T) -> T:
        """Average over 3×3, stride 1, side kept; padding is not counted."""

    def join(self, branches: Sequence[T]) -> T:
        """One after the other, along the channels."""


def _numbered(branch: str, count: int) -> tuple[str, ...]:
    return tuple(f"{branch}_{number}" for number in range(1, count + 1))


# Convolutions without padding, and those that halve the side; all others keep it.
_VALID = frozenset({"Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_4a_3x3"})
_HALVING = frozenset(
    {
        "Conv2d_1a_3x3",
        "Mixed_6a.branch3x3",
        "Mixed_6a.branch3x3dbl_3",
        "Mixed_7a.branch3x3_2",
        "Mixed_7a.branch7x7x3_4",
    }
)

_STEM = ("Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3")
_SECOND = ("Conv2d_3b_1x1", "Conv2d_4a_3x3")
_BLOCK_A = ("branch1x1", "branch5x5_1", "branch5x5_2", *_numbered("branch3x3dbl", 3), "branch_pool")
_BLOCK_B = ("branch3x3", *_numbered("branch3x3dbl", 3))
_BLOCK_C = ("branch1x1", *_numbered("branch7x7", 3), *_numbered("branch7x7dbl", 5), "branch_pool")
_BLOCK_D = (*_numbered("branch3x3", 2), *_numbered("branch7x7x3", 4))
_BLOCK_E = (
    "branch1x1",
    *("branch3x3_1", "branch3x3_2a", "branch3x3_2b"),
    *("branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3a", "branch3x3dbl_3b"),
    "branch_pool",
)
_BLOCKS_A = ("Mixed_5b", "Mixed_5c", "Mixed_5d")
_BLOCKS_C = ("Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e")
_TO_6E = {
    **dict.fromkeys(_BLOCKS_A, _BLOCK_A),
    "Mixed_6a": _BLOCK_B,
    **dict.fromkeys(_BLOCKS_C, _BLOCK_C),
}
_TO_7C = {"Mixed_7a": _BLOCK_D, "Mixed_7b": _BLOCK_E, "Mixed_7c": _BLOCK_E}


def layers_up_to(dims: int) -> list[str]:
    """The convolutions up to the block of ``dims`` channels; ValueError for other ``dims``."""
    if dims not in DIMS:
        raise ValueError(f"FID's Inception has blocks of {DIMS} channels, not {dims}")
    names = [*_STEM, *(_SECOND if dims >= 192 else ())]
    blocks = (_TO_6E if dims >= 768 else {}) | (_TO_7C if dims >= 2048 else {})
    return names + [f"{block}.{layer}" for block, layers in blocks.items() for layer in layers]


def stride_of(layer: str) -> int:
    """1 or 2, in both directions."""
    return 2 if layer in _HALVING else 1


def padding_of(layer: str, height: int, width: int) -> tuple[int, int]:
    """Rows and columns added on each side, for a kernel of that size."""
    unpadded = layer in _HALVING or layer in _VALID
    return (0, 0) if unpadded else (height // 2, width // 2)


def wire(ops: Operations[T], x: T, dims: int) -> T:
    """The block of ``dims`` channels [N, dims, h, w] of x float32 [N, 3, 299, 299] in −1..1."""
    x = ops.halve(_run(ops, x, *_STEM))
    if dims >= 192:
        x = ops.halve(_run(ops, x, *_SECOND))
    if dims >= 768:
        for block in _BLOCKS_A:
            x = _block_a(ops, x, block)
        x = _block_b(ops, x, "Mixed_6a")
        for block in _BLOCKS_C:
            x = _block_c(ops, x, block)
    if dims >= 2048:
        x = _block_d(ops, x, "Mixed_7a")
        x = _block_e(ops, x, "Mixed_7b", ops.average(x))
        # The graph of 2015 takes the maximum here, alone of all its blocks; FID rests on it.
        x = _block_e(ops, x, "Mixed_7c", ops.maximum(x))
    return x


def _block_a(ops: Operations[T], x: T, block: str) -> T:
    branches = [
        _branch(ops, x, block, "branch1x1"),
        _branch(ops, x, block, "branch5x5_1", "branch5x5_2"),
        _branch(ops, x, block, *_numbered("branch3x3dbl", 3)),
        _branch(ops, ops.average(x), block, "branch_pool"),
    ]
    return ops.join(branches)


def _block_b(ops: Operations[T], x: T, block: str) -> T:
    branches = [
        _branch(ops, x, block, "branch3x3"),
        _branch(ops, x, block, *_numbered("branch3x3dbl", 3)),
        ops.halve(x),
    ]
    return ops.join(branches)


def _block_c(ops: Operations[T], x: T, block: str) -> T:
    branches = [
        _branch(ops, x, block, "branch1x1"),
        _branch(ops, x, block, *_numbered("branch7x7", 3)),
        _branch(ops, x, block, *_numbered("branch7x7dbl", 5)),
        _branch(ops, ops.average(x), block, "branch_pool"),
    ]
    return ops.join(branches)


def _block_d(ops: Operations[T], x: T, block: str) -> T:
    branches = [
        _branch(ops, x, block, "branch3x3_1", "branch3x3_2"),
        _branch(ops, x, block, *_numbered("branch7x7x3", 4)),
        ops.halve(x),
    ]
    return ops.join(branches)


def _block_e(ops: Operations[T], x: T, block: str, pooled: T) -> T:
    wide = _branch(ops, x, block, "branch3x3_1")
    double = _branch(ops, x, block, "branch3x3dbl_1", "branch3x3dbl_2")
    branches = [
        _branch(ops, x, block, "branch1x1"),
        _branch(ops, wide, block, "branch3x3_2a"),
        _branch(ops, wide, block, "branch3x3_2b"),
        _branch(ops, double, block, "branch3x3dbl_3a"),
        _branch(ops, double, block, "branch3x3dbl_3b"),
        _branch(ops, pooled, block, "branch_pool"),
    ]
    return ops.join(branches)


def _branch(ops: Operations[T], x: T, block: str, *layers: str) -> T:
    return _run(ops, x, *(f"{block}.{layer}" for layer in layers))


def _run(ops: Operations[T], x: T, *layers: str) -> T:
    for layer in layers:
        x = ops.convolve(x, layer)
    return x


def convolution(arrays: Arrays, layer: str, *, source: str) -> tuple[Floats, Floats]:
    """Weight [out, in, h, w] and bias [out] of a layer, its batch norm folded in.

    Reads both the published state dict (its classifier of 1008 classes is ignored) and one that is
    folded already and may end after the last block needed. ``source`` names it in PlatformFault
    ``weights.format``.
    """
    plain, normed = f"{layer}.weight", f"{layer}.conv.weight"
    if plain in arrays:
        weight = _kernels(arrays, plain, source)
        return weight, _part(arrays, layer, "bias", len(weight), source)
    if normed not in arrays:
        raise PlatformFault(
            "weights.format",
            f"The weights {source} do not reach {layer}, which the protocol's FID needs; use "
            "the weights that the protocol names.",
        )
    weight = _kernels(arrays, normed, source)
    norm = [
        _part(arrays, f"{layer}.bn", part, len(weight), source)
        for part in ("weight", "bias", "running_mean", "running_var")
    ]
    return fold_batch_norm(weight, *norm)


def _kernels(arrays: Arrays, name: str, source: str) -> Floats:
    found = arrays[name]
    if found.ndim != 4:
        raise PlatformFault(
            "weights.format",
            f"The weights {source} do not fit: {name} has shape {found.shape}, but four dimensions "
            "are needed; use the weights that the protocol names.",
        )
    return found.astype(np.float32)


def fold_batch_norm(
    weight: Floats, scale: Floats, shift: Floats, mean: Floats, variance: Floats
) -> tuple[Floats, Floats]:
    """One convolution that equals a convolution without bias and its batch norm; in float64."""
    factor = scale.astype(np.float64) / np.sqrt(variance.astype(np.float64) + BATCH_NORM_EPS)
    folded = weight.astype(np.float64) * factor[:, None, None, None]
    bias = shift.astype(np.float64) - mean.astype(np.float64) * factor
    return folded.astype(np.float32), bias.astype(np.float32)


def _part(arrays: Arrays, layer: str, part: str, count: int, source: str) -> Floats:
    found = arrays.get(f"{layer}.{part}")
    if found is None or found.shape != (count,):
        there = "is absent" if found is None else f"has shape {found.shape}"
        raise PlatformFault(
            "weights.format",
            f"The weights {source} do not fit: {layer}.{part} {there}, but {(count,)} is needed; "
            "use the weights that the protocol names.",
        )
    return found.astype(np.float32)
