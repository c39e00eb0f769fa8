"""SqueezeNet 1.1 as LPIPS uses it: seven layers in one pass, without the classifier.

Iandola et al. 2016, "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters"; version 1.1 and
the numbering of layers are torchvision's.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from evaluator.backbones.loading import LoadedState, layer_of
from evaluator.backbones.preprocessing import preprocess

__all__ = ["CHANNELS", "SqueezeNet"]

CHANNELS = (64, 128, 256, 384, 384, 512, 512)
"""Of the layers that ``features`` returns."""

# A fire module's number in torchvision: channels it is squeezed to, and expanded to by each kernel.
_FIRES = {
    3: (16, 64),
    4: (16, 64),
    6: (32, 128),
    7: (32, 128),
    9: (48, 192),
    10: (48, 192),
    11: (64, 256),
    12: (64, 256),
}
_POOLED_BEFORE = {3, 6, 9}
_RETURNED = {4, 7, 9, 10, 11, 12}  # and the stem


@dataclass(frozen=True, slots=True)
class _Conv:
    weight: Tensor
    bias: Tensor

    def __call__(self, x: Tensor, *, stride: int = 1, padding: int = 0) -> Tensor:
        return F.conv2d(x, self.weight, self.bias, stride=stride, padding=padding).relu_()


@dataclass(frozen=True, slots=True)
class _Fire:
    """Squeeze to few channels, expand by 1×1 and 3×3 convolutions side by side."""

    number: int
    squeeze: _Conv
    expand1x1: _Conv
    expand3x3: _Conv

    def __call__(self, x: Tensor) -> Tensor:
        x = self.squeeze(x)
        return torch.cat([self.expand1x1(x), self.expand3x3(x, padding=1)], dim=1)


class SqueezeNet:
    """The layers that LPIPS compares: the stem and six of the eight fire modules."""

    def __init__(self, state: LoadedState, *, device: torch.device) -> None:
        """Raises PlatformFault ``weights.format``."""
        self._device = device
        self._stem = _conv(state, "features.0", (64, 3, 3, 3), device)
        self._fires = tuple(_fires(state, device))

    def features(self, pixels: Tensor) -> tuple[Tensor, ...]:
        """uint8 RGB [N, H, W, 3] to float32 [N, C, h, w] of each layer, ``CHANNELS`` deep.

        Call within ``exact_arithmetic``.
        """
        x = self._stem(preprocess(pixels.to(self._device), "lpips"), stride=2)
        found = [x]
        for fire in self._fires:
            if fire.number in _POOLED_BEFORE:
                x = F.max_pool2d(x, kernel_size=3, stride=2, ceil_mode=True)
            x = fire(x)
            if fire.number in _RETURNED:
                found.append(x)
        return tuple(found)


def _fires(state: LoadedState, device: torch.device) -> list[_Fire]:
    fires = []
    incoming = 64
    for number, (squeezed, expanded) in _FIRES.items():
        name = f"features.{number}"
        fires.append(
            _Fire(
                number,
                _conv(state, f"{name}.squeeze", (squeezed, incoming, 1, 1), device),
                _conv(state, f"{name}.expand1x1", (expanded, squeezed, 1, 1), device),
                _conv(state, f"{name}.expand3x3", (expanded, squeezed, 3, 3), device),
            )
        )
        incoming = 2 * expanded
    return fires


def _conv(
    state: LoadedState, name: str, shape: tuple[int, int, int, int], device: torch.device
) -> _Conv:
    weight = layer_of(state, name, "weight", shape)
    return _Conv(
        weight.to(device, memory_format=torch.channels_last),
        layer_of(state, name, "bias", shape[:1]).to(device),
    )
