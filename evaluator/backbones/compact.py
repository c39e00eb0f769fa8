"""The compact protocol's networks as backbones: weights of the package in, the usual features out.

They are our own (``evaluator.compact``) and stand where VGG-19, Inception and LPIPS' trunk stand in
other protocols, so that everything behind the features is the same code.
"""

from collections.abc import Collection

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from evaluator.backbones.loading import LoadedState, exact_arithmetic
from evaluator.backbones.lpips import Stack
from evaluator.compact.inception_network import FID_DIMS, CompactInception
from evaluator.compact.networks import LAYERS, CompactLpips, CompactVgg
from evaluator.compact.storing import unpacked
from evaluator.errors import PlatformFault

__all__ = ["CompactLpipsNetwork", "CompactMaps", "CompactRows"]


class CompactMaps:
    """The layers of VGG-19 that ``CompactVgg`` imitates."""

    def __init__(
        self, state: LoadedState, *, layers: Collection[str], device: torch.device
    ) -> None:
        """Raises ValueError for a layer it has not, PlatformFault ``weights.format``."""
        if not set(layers) <= set(LAYERS):
            raise ValueError(f"compact-vgg has {LAYERS}, not all of {sorted(layers)}")
        self._network = CompactVgg()
        self._layers = frozenset(layers)
        self._device = device
        _fill(self._network, state, device)

    def features(self, pixels: Tensor, layers: Collection[str] | None = None) -> dict[str, Tensor]:
        """uint8 RGB [N, H, W, 3] to float32 [N, C, h, w] for each layer asked for, or for all."""
        wanted = self._layers if layers is None else frozenset(layers)
        return self._network(pixels.to(self._device), wanted)  # type: ignore[no-any-return]


class CompactLpipsNetwork:
    """A trunk with heads of its own."""

    def __init__(self, state: LoadedState, *, device: torch.device) -> None:
        """Raises PlatformFault ``weights.format``."""
        self._network = CompactLpips()
        self._device = device
        _fill(self._network, state, device)
        self._heads = tuple(weight.detach() for weight in self._network.linear())

    def stack(self, pixels: Tensor) -> Stack:
        """Of one picture, uint8 RGB [1, H, W, 3]. Call within ``exact_arithmetic``."""
        return Stack(tuple(x[0] for x in self._network(pixels.to(self._device))), self._heads)


class CompactRows:
    """The rows of ``CompactInception``."""

    def __init__(self, state: LoadedState, *, dims: int, device: torch.device) -> None:
        """Raises ValueError for other ``dims``, PlatformFault ``weights.format``."""
        if dims != FID_DIMS:
            raise ValueError(f"compact-inception has rows of {FID_DIMS}, not of {dims}")
        self._network = CompactInception()
        self._device = device
        _fill(self._network, state, device)

    def rows(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """uint8 RGB [N, H, W, 3] to float32 [N, ``FID_DIMS``]."""
        with exact_arithmetic():
            found: Tensor = self._network(torch.from_numpy(pixels).to(self._device))
        return found.cpu().numpy()


def _fill(network: nn.Module, state: LoadedState, device: torch.device) -> None:
    try:
        network.load_state_dict(unpacked(state.tensors), strict=True)
    except RuntimeError as error:
        raise PlatformFault(
            "weights.format",
            f"The weights {state.name} do not fit this version's compact network; install "
            "StyleArena again.",
        ) from error
    network.requires_grad_(requires_grad=False).eval()
    network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
