"""AlexNet as LPIPS uses it: the five convolutional layers in one pass, without the classifier.

Krizhevsky 2014, "One weird trick for parallelizing convolutional neural networks", in torchvision's
numbering of layers.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from evaluator.backbones.loading import LoadedState, layer_of
from evaluator.backbones.preprocessing import preprocess

__all__ = ["CHANNELS", "AlexNet"]

CHANNELS = (64, 192, 384, 256, 256)
"""Of the layers that ``features`` returns."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A convolution: torchvision's number, kernel side, stride, padding, whether pooled before."""

    number: int
    kernel: int
    stride: int
    padding: int
    pooled: bool


_PLACES = (
    _Place(0, 11, 4, 2, pooled=False),
    _Place(3, 5, 1, 2, pooled=True),
    _Place(6, 3, 1, 1, pooled=True),
    _Place(8, 3, 1, 1, pooled=False),
    _Place(10, 3, 1, 1, pooled=False),
)


@dataclass(frozen=True, slots=True)
class _Conv:
    place: _Place
    weight: Tensor
    bias: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        if self.place.pooled:
            x = F.max_pool2d(x, kernel_size=3, stride=2)
        stride, padding = self.place.stride, self.place.padding
        return F.conv2d(x, self.weight, self.bias, stride=stride, padding=padding).relu_()


class AlexNet:
    """The layers that LPIPS compares, each after its ReLU."""

    def __init__(self, state: LoadedState, *, device: torch.device) -> None:
        """Raises PlatformFault ``weights.format``."""
        self._device = device
        incoming = (3, *CHANNELS)
        self._convs = tuple(
            _conv(state, place, before, after, device)
            for place, before, after in zip(_PLACES, incoming, CHANNELS, strict=False)
        )

    def features(self, pixels: Tensor) -> tuple[Tensor, ...]:
        """uint8 RGB [N, H, W, 3] to float32 [N, C, h, w] of each layer, ``CHANNELS`` deep.

        Call within ``exact_arithmetic``.
        """
        x = preprocess(pixels.to(self._device), "lpips")
        found = []
        for conv in self._convs:
            x = conv(x)
            found.append(x)
        return tuple(found)


def _conv(
    state: LoadedState, place: _Place, before: int, after: int, device: torch.device
) -> _Conv:
    name, side = f"features.{place.number}", place.kernel
    weight = layer_of(state, name, "weight", (after, before, side, side))
    return _Conv(
        place,
        weight.to(device, memory_format=torch.channels_last),
        layer_of(state, name, "bias", (after,)).to(device),
    )
