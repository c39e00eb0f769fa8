"""VGG-16 and VGG-19 as feature extractors: named layers, all that are asked for in one pass.

Simonyan and Zisserman 2015, "Very deep convolutional networks for large-scale image recognition",
configurations D and E, without the classifier. Nothing after the last layer asked for is computed.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F

from evaluator.backbones.loading import LoadedState, layer_of
from evaluator.backbones.preprocessing import preprocess
from evaluator.backbones.winograd import WORTH_IT, MinimalConv
from evaluator.protocols import BackboneSpec

__all__ = ["LAYERS", "Vgg", "preprocess"]

_CONVS_PER_BLOCK = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}
_CHANNELS_PER_BLOCK = (64, 128, 256, 512, 512)
_FIRST_OF_BLOCK = {f"conv{block}_1" for block in range(2, 6)}


@dataclass(frozen=True, slots=True)
class _Place:
    """A convolution: its name in the paper, its number in torchvision's module, its width."""

    layer: str
    number: int
    channels: int


def _places(convs_per_block: tuple[int, ...]) -> tuple[_Place, ...]:
    """torchvision numbers a convolution and its ReLU, and each pooling between the blocks."""
    blocks = [
        (block, index)
        for block, convs in enumerate(convs_per_block)
        for index in range(1, convs + 1)
    ]
    return tuple(
        _Place(f"conv{block + 1}_{index}", 2 * number + block, _CHANNELS_PER_BLOCK[block])
        for number, (block, index) in enumerate(blocks)
    )


_PLACES = {name: _places(convs) for name, convs in _CONVS_PER_BLOCK.items()}

LAYERS = tuple(place.layer for place in _PLACES["vgg19"])
"""VGG-19's: conv1_1 … conv5_4. VGG-16 lacks the fourth of the last three blocks."""


@dataclass(frozen=True, slots=True)
class _Conv:
    layer: str
    convolve: Callable[[Tensor], Tensor]


class Vgg:
    """The layers up to the last one asked for.

    A layer's activations are those after its ReLU: in Gatys et al.'s Caffe network the ReLUs work
    in place, so that their conv4_2 is what others call relu4_2. Convolutions are padded with
    zeros. A state dict that ends after the last layer needed is enough.
    """

    def __init__(
        self,
        state: LoadedState,
        spec: BackboneSpec,
        *,
        layers: Collection[str],
        device: torch.device,
    ) -> None:
        """Raises ValueError for an unknown layer, PlatformFault ``weights.format``."""
        places = _PLACES[spec.architecture]
        names = [place.layer for place in places]
        if not layers or not set(layers) <= set(names):
            raise ValueError(f"{spec.architecture} has {names}, not all of {sorted(layers)}")
        self._layers = frozenset(layers)
        self._preprocessing = spec.preprocessing
        self._pool = F.max_pool2d if spec.pooling == "max" else F.avg_pool2d
        depth = 1 + max(names.index(layer) for layer in layers)
        self._convs = _convs(state, places[:depth], width=spec.width, device=device)
        self._device = device

    def features(self, pixels: Tensor, layers: Collection[str] | None = None) -> dict[str, Tensor]:
        """uint8 RGB [N, H, W, 3] to float32 [N, C, h, w] for each layer asked for.

        ``layers``: fewer than there are, if this picture needs no more; what lies behind the last
        of them is not computed. Call within ``exact_arithmetic``.
        """
        wanted = self._layers if layers is None else frozenset(layers)
        x = preprocess(pixels.to(self._device), self._preprocessing)
        found: dict[str, Tensor] = {}
        for conv in self._convs:
            if conv.layer in _FIRST_OF_BLOCK:
                x = self._pool(x, kernel_size=2, stride=2)
            x = conv.convolve(x).relu_()
            if conv.layer in wanted:
                found[conv.layer] = x
            if len(found) == len(wanted):
                break
        return found


def _convs(
    state: LoadedState, places: Sequence[_Place], *, width: float, device: torch.device
) -> tuple[_Conv, ...]:
    convs = []
    before = 3
    for place in places:
        name, after = f"features.{place.number}", round(place.channels * width)
        weight = layer_of(state, name, "weight", (after, before, 3, 3))
        bias = layer_of(state, name, "bias", (after,))
        convs.append(_Conv(place.layer, _convolution(weight, bias, device)))
        before = after
    return tuple(convs)


def _convolution(weight: Tensor, bias: Tensor, device: torch.device) -> Callable[[Tensor], Tensor]:
    """cuDNN knows minimal filtering itself; oneDNN no longer does."""
    after, before = weight.shape[:2]
    if device.type == "cpu" and before >= WORTH_IT[0] and after >= WORTH_IT[1]:
        return MinimalConv.of(weight, bias)
    laid_out = weight.to(device, memory_format=torch.channels_last)
    return partial(F.conv2d, weight=laid_out, bias=bias.to(device), padding=1)
