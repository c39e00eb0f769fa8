"""A network that begins where a trained one of the same or smaller width stands.

Net2Net's idea, Chen, Goodfellow and Shlens 2016: new channels are random, but what was there does
not hear them at first, so that it goes on giving what it gave.
"""

from pathlib import Path

from safetensors.torch import load_file
from torch import Tensor, nn

from evaluator.compact.storing import unpacked

__all__ = ["grow"]

TRUNK = "stages."
WHISPER = 0.3  # of new channels, where all are normalised together


def grow(network: nn.Module, path: Path) -> int:
    """Take the trunk's weights of the file ``path`` over; the number of tensors that fitted."""
    state = network.state_dict()
    found = {
        name: small
        for name, small in unpacked(load_file(path)).items()
        if name.startswith(TRUNK) and name in state and _fits(small, state[name])
    }
    for name, small in found.items():
        _write(state[name], small)
    return len(found)


def _fits(small: Tensor, large: Tensor) -> bool:
    if small.ndim != large.ndim or small.shape[2:] != large.shape[2:]:
        return False
    return all(a <= b for a, b in zip(small.shape, large.shape, strict=True))


def _write(large: Tensor, small: Tensor) -> None:
    """In place: the leading channels; no weight from new channels to old ones."""
    after = len(small)
    large[after:] *= WHISPER
    if small.ndim == 1:
        large[:after] = small
        return
    large[:after] = 0
    large[:after, : small.shape[1]] = small
