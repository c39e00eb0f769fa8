"""How weights are stored: in eight bits, for networks twice as large as halves would allow.

The weights of a matrix or a convolution are whole numbers in −127..127 times a scale
of each output channel (Jacob et al. 2018, "Quantization and training of neural networks", the
symmetric case). They are made floats again when they are read; nothing is computed in eight bits.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

__all__ = ["packed", "unpacked"]

SCALE = ".scale"
MOST = 127
LEAST = torch.finfo(torch.float16).tiny


def packed(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """NAME → int8 and NAME.scale → float16 [out] for every matrix; vectors in half precision."""
    found: dict[str, Tensor] = {}
    for name, value in state.items():
        if value.ndim < 2:
            found[name] = value.half().contiguous()
            continue
        scale = (value.float().abs().flatten(1).amax(1) / MOST).clamp_min(LEAST).half()
        whole = (value.float() / _along(scale, value)).round().clamp(-MOST, MOST)
        found[name] = whole.to(torch.int8).contiguous()
        found[name + SCALE] = scale
    return found


def unpacked(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """float32 tensors of what ``packed`` gave, or of any floats."""
    return {
        name: value.float() * _along(state[name + SCALE], value)
        if name + SCALE in state
        else value.float()
        for name, value in state.items()
        if not name.endswith(SCALE)
    }


def _along(scale: Tensor, value: Tensor) -> Tensor:
    """[out] to as many dimensions as ``value`` has."""
    return scale.float().view(-1, *[1] * (value.ndim - 1))
