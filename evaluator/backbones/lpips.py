"""The networks of LPIPS v0.1: a trunk (SqueezeNet, AlexNet or VGG-16) with its linear heads.

Zhang et al. 2018, "The unreasonable effectiveness of deep features as a perceptual metric" (CVPR).
The heads were trained for these trunks; ``metrics.lpips`` computes the distance.
"""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from evaluator.backbones import alexnet, squeezenet
from evaluator.backbones.loading import LoadedState, layer_of
from evaluator.backbones.vgg import Vgg
from evaluator.protocols import BackboneSpec

__all__ = ["LpipsNetwork", "Stack"]

_VGG_LAYERS = ("conv1_2", "conv2_2", "conv3_3", "conv4_3", "conv5_3")
_VGG_CHANNELS = (64, 128, 256, 512, 512)


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """What a network sees of a picture: features float32 [C, h, w] a layer, the heads' weights [C].

    The heads are the network's own, shared by all its stacks.
    """

    features: tuple[Tensor, ...]
    heads: tuple[Tensor, ...]


class _Trunk(Protocol):
    def features(self, pixels: Tensor) -> tuple[Tensor, ...]: ...


class LpipsNetwork:
    """A trunk and its heads on one device."""

    def __init__(
        self,
        spec: BackboneSpec,
        trunk: LoadedState,
        heads: LoadedState,
        *,
        device: torch.device,
    ) -> None:
        """Raises PlatformFault ``weights.format`` if either state is another network's."""
        self._trunk, channels = _trunk(spec, trunk, device)
        self._heads = tuple(
            layer_of(heads, f"lin{index}.model.1", "weight", (1, count, 1, 1)).flatten().to(device)
            for index, count in enumerate(channels)
        )

    def stack(self, pixels: Tensor) -> Stack:
        """Of one picture, uint8 RGB [1, H, W, 3]. Call within ``exact_arithmetic``."""
        return Stack(tuple(x[0] for x in self._trunk.features(pixels)), self._heads)


def _trunk(
    spec: BackboneSpec, state: LoadedState, device: torch.device
) -> tuple[_Trunk, tuple[int, ...]]:
    """The trunk and the channels of its layers."""
    if spec.architecture == "squeezenet1_1":
        return squeezenet.SqueezeNet(state, device=device), squeezenet.CHANNELS
    if spec.architecture == "alexnet":
        return alexnet.AlexNet(state, device=device), alexnet.CHANNELS
    if spec.architecture == "vgg16":
        return _Vgg16(state, spec, device), _VGG_CHANNELS
    raise ValueError(f"LPIPS knows no trunk {spec.architecture!r}")


class _Vgg16:
    """VGG-16's last layer before each pooling, as LPIPS takes them."""

    def __init__(self, state: LoadedState, spec: BackboneSpec, device: torch.device) -> None:
        self._vgg = Vgg(state, spec, layers=_VGG_LAYERS, device=device)

    def features(self, pixels: Tensor) -> tuple[Tensor, ...]:
        found = self._vgg.features(pixels)
        return tuple(found[layer] for layer in _VGG_LAYERS)
