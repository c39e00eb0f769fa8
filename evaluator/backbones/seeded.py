"""Seeded weights: untrained networks that are the same, bit for bit, on every machine.

Made from the raw stream of a counter-based generator by exactly rounded operations only, so that
neither numpy's version nor the processor can change a bit. Light: no torch.
"""

import hashlib
from collections.abc import Iterator, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

__all__ = ["SEEDED", "digest_of_state", "make"]

Shape = tuple[int, int, int, int]
State = dict[str, NDArray[np.float32]]

# Channels of VGG-19's sixteen convolutions, and where torchvision numbers them.
_VGG19_CHANNELS = (64, 64, 128, 128, *(256,) * 4, *(512,) * 8)
_VGG19_INDICES = (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34)


def _vgg19_quarter() -> Iterator[tuple[str, Shape]]:
    incoming = 3
    for index, channels in zip(_VGG19_INDICES, _VGG19_CHANNELS, strict=True):
        yield f"features.{index}", (channels // 4, incoming, 3, 3)
        incoming = channels // 4


def _inception_stem() -> Iterator[tuple[str, Shape]]:
    yield "Conv2d_1a_3x3", (32, 3, 3, 3)
    yield "Conv2d_2a_3x3", (32, 32, 3, 3)
    yield "Conv2d_2b_3x3", (64, 32, 3, 3)


SEEDED: Mapping[str, tuple[int, tuple[tuple[str, Shape], ...]]] = MappingProxyType(
    {
        "seeded-vgg19-quarter": (1, tuple(_vgg19_quarter())),
        "seeded-inception-stem": (2, tuple(_inception_stem())),
    }
)
"""Name → (seed, the convolutions' names and shapes)."""


def make(name: str) -> State:
    """The weights of that name: ``LAYER.weight`` float32 [out, in, h, w] and ``LAYER.bias`` [out].

    Weights are uniform with variance 2 / fan-in, which keeps the scale of activations through ReLU
    layers (He et al. 2015, "Delving deep into rectifiers", eq. 10; uniform instead of normal,
    because the normal's logarithm and cosine are rounded differently by different processors).
    Biases are 0. KeyError if there is no such name.
    """
    seed, layers = SEEDED[name]
    bits = np.random.Philox(key=seed)
    state: State = {}
    for layer, shape in layers:
        state[f"{layer}.weight"] = _he_uniform(bits, shape)
        state[f"{layer}.bias"] = np.zeros(shape[0], dtype=np.float32)
    return state


def digest_of_state(state: State) -> str:
    """sha256 over names, shapes and little-endian values, in the order of names."""
    digest = hashlib.sha256()
    for name in sorted(state):
        digest.update(f"{name} {state[name].shape}\n".encode())
        digest.update(state[name].astype("<f4").tobytes())
    return digest.hexdigest()


def _he_uniform(bits: np.random.Philox, shape: Shape) -> NDArray[np.float32]:
    fan_in = shape[1] * shape[2] * shape[3]
    raw = bits.random_raw(int(np.prod(shape)))
    unit = (raw >> np.uint64(11)).astype(np.float64) * 2.0**-52 - 1.0  # −1..1, exactly
    values: NDArray[np.float32] = (unit * np.sqrt(6.0 / fan_in)).astype(np.float32)
    return values.reshape(shape)
