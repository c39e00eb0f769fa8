"""The compact protocol's networks as backbones: weights of the package in, the usual features out.

They are our own (``evaluator.compact``) and stand where VGG-19, Inception and LPIPS' trunk stand in
other protocols, so that everything behind the features is the same code. On a CPU onnxruntime runs
them, by as many threads as PyTorch would.
"""

from collections.abc import Collection
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from evaluator.backbones.compact_onnx import OnnxCompactInception, OnnxCompactMaps
from evaluator.backbones.loading import LoadedState, exact_arithmetic
from evaluator.backbones.lpips import Stack
from evaluator.compact.inception_network import FID_DIMS, CompactInception
from evaluator.compact.networks import LAYERS, CompactLpips, CompactVgg
from evaluator.compact.storing import unpacked
from evaluator.errors import PlatformFault

__all__ = ["CompactLpipsNetwork", "CompactMaps", "CompactRows"]

Network = TypeVar("Network", bound=nn.Module)


class CompactMaps:
    """The layers of VGG-19 that ``CompactVgg`` imitates."""

    def __init__(
        self, state: LoadedState, *, layers: Collection[str], device: torch.device
    ) -> None:
        """Raises ValueError for a layer it has not, PlatformFault ``weights.format``."""
        if not set(layers) <= set(LAYERS):
            raise ValueError(f"compact-vgg has {LAYERS}, not all of {sorted(layers)}")
        network = _filled(CompactVgg(), state)
        self._layers = frozenset(layers)
        self._device = device
        self._maps = (
            OnnxCompactMaps(network, layers) if device.type == "cpu" else _placed(network, device)
        )

    def features(self, pixels: Tensor, layers: Collection[str] | None = None) -> dict[str, Tensor]:
        """uint8 RGB [N, H, W, 3] to float32 [N, C, h, w] for each layer asked for, or for all."""
        wanted = self._layers if layers is None else frozenset(layers)
        return self._maps(pixels.to(self._device), wanted)


class CompactLpipsNetwork:
    """A trunk with heads of its own."""

    def __init__(self, state: LoadedState, *, device: torch.device) -> None:
        """Raises PlatformFault ``weights.format``."""
        network = _filled(CompactLpips(), state)
        self._device = device
        self._heads = tuple(weight.detach().to(device) for weight in network.linear())
        self._maps = (
            OnnxCompactMaps(network, LAYERS) if device.type == "cpu" else _placed(network, device)
        )

    def stack(self, pixels: Tensor) -> Stack:
        """Of one picture, uint8 RGB [1, H, W, 3]. Call within ``exact_arithmetic``."""
        found = self._maps(pixels.to(self._device))
        return Stack(tuple(x[0] for x in found.values()), self._heads)


class CompactRows:
    """The rows of ``CompactInception``."""

    def __init__(self, state: LoadedState, *, dims: int, device: torch.device) -> None:
        """Raises ValueError for other ``dims``, PlatformFault ``weights.format``."""
        if dims != FID_DIMS:
            raise ValueError(f"compact-inception has rows of {FID_DIMS}, not of {dims}")
        network = _filled(CompactInception(), state)
        self._device = device
        self._rows = (
            OnnxCompactInception(network) if device.type == "cpu" else _placed(network, device)
        )

    def rows(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """uint8 RGB [N, H, W, 3] to float32 [N, ``FID_DIMS``]."""
        with exact_arithmetic():
            found: Tensor = self._rows(torch.from_numpy(pixels).to(self._device))
        return found.cpu().numpy()


def _filled(network: Network, state: LoadedState) -> Network:
    try:
        network.load_state_dict(unpacked(state.tensors), strict=True)
    except RuntimeError as error:
        raise PlatformFault(
            "weights.format",
            f"The weights {state.name} do not fit this version's compact network; install "
            "StyleArena again.",
        ) from error
    return network.requires_grad_(requires_grad=False).eval()


def _placed(network: Network, device: torch.device) -> Network:
    """On the device, channels last."""
    return network.to(device, memory_format=torch.channels_last)  # type: ignore[no-any-return, call-overload]
