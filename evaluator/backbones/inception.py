"""Inception-v3 as FID uses it, run by PyTorch: the TensorFlow graph of 2015-12-05.

Szegedy et al. 2016, "Rethinking the inception architecture for computer vision", with the
peculiarities of that graph (``inception_layers``), to one of pytorch-fid's four blocks (64, 192,
768, 2048). For GPUs and for bfloat16; exact features on a CPU come quicker from ``inception_onnx``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from evaluator.backbones.inception_layers import (
    DIMS,
    SIDE,
    Arrays,
    convolution,
    layers_up_to,
    padding_of,
    stride_of,
    wire,
)
from evaluator.backbones.loading import LoadedState

__all__ = ["DIMS", "Inception"]


@dataclass(frozen=True, slots=True)
class _Conv:
    """A convolution with its batch norm folded in, followed by ReLU."""

    weight: Tensor
    bias: Tensor
    stride: int
    padding: tuple[int, int]

    def __call__(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight, self.bias, self.stride, self.padding).relu_()


class Inception:
    """The network up to the block with ``dims`` channels, averaged over positions."""

    def __init__(
        self,
        state: LoadedState,
        *,
        dims: int,
        device: torch.device,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        """``dtype`` bfloat16 is approximate: about 1e-3 of a distance.

        Raises ValueError for other ``dims``, PlatformFault ``weights.format``.
        """
        names = layers_up_to(dims)
        arrays = {name: tensor.numpy() for name, tensor in state.tensors.items()}
        self._dims = dims
        self._device = device
        self._dtype = dtype
        self._convs = {
            name: _conv(arrays, name, state.name, device=device, dtype=dtype) for name in names
        }

    def features(self, pixels: Tensor) -> Tensor:
        """uint8 RGB [N, H, W, 3] to float32 [N, dims]. Call within ``exact_arithmetic``."""
        return self.of_resized(preprocess(pixels.to(self._device, non_blocking=True)))

    def of_resized(self, x: Tensor) -> Tensor:
        """float32 [N, 3, 299, 299] in −1..1 to [N, dims]. Call within ``exact_arithmetic``."""
        x = x.to(self._device, self._dtype, non_blocking=True)
        return wire(self, x, self._dims).double().mean(dim=(2, 3)).float()

    # What ``inception_layers.wire`` asks of an engine.

    def convolve(self, x: Tensor, layer: str) -> Tensor:
        return self._convs[layer](x)

    def halve(self, x: Tensor) -> Tensor:
        return F.max_pool2d(x, kernel_size=3, stride=2)

    def maximum(self, x: Tensor) -> Tensor:
        return F.max_pool2d(x, kernel_size=3, stride=1, padding=1)

    def average(self, x: Tensor) -> Tensor:
        """The 2015-12-05 graph does not count padding as values to be averaged."""
        return F.avg_pool2d(x, kernel_size=3, stride=1, padding=1, count_include_pad=False)

    def join(self, branches: Sequence[Tensor]) -> Tensor:
        return torch.cat(list(branches), 1)


def preprocess(pixels: Tensor) -> Tensor:
    """uint8 RGB [N, H, W, 3] to float32 [N, 3, 299, 299] in −1..1.

    Bilinear without antialiasing and with half-pixel centres, as pytorch-fid does it: not quite
    what the first TensorFlow code did, but what published PyTorch numbers rest on.
    """
    x = pixels.permute(0, 3, 1, 2).float() / 255
    x = F.interpolate(x, size=(SIDE, SIDE), mode="bilinear", align_corners=False)
    return 2 * x - 1


def _conv(
    arrays: Arrays, name: str, source: str, *, device: torch.device, dtype: torch.dtype
) -> _Conv:
    weight, bias = convolution(arrays, name, source=source)
    height, width = weight.shape[2:]
    return _Conv(
        torch.from_numpy(weight).to(device, dtype, memory_format=torch.channels_last),
        torch.from_numpy(bias).to(device, dtype),
        stride_of(name),
        padding_of(name, height, width),
    )
