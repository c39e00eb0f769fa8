"""Inception-v3 as FID uses it, run by onnxruntime on the CPU: exact float32, without PyTorch.

The graph is written here from our own weights, in memory. One thread works on one picture, so that
a picture's features are the same bits for any batch, order and number of threads; callers use as
many threads as they like. About half the processor time of PyTorch picture by picture; the
layers of seven taps are convolved by minimal filtering (``onnx_filtering``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from evaluator.backbones.clean_resizing import resize_cleanly
from evaluator.backbones.inception_layers import (
    MIXED_6_SIDE,
    SIDE,
    SPATIAL_CHANNELS,
    SPATIAL_LAYER,
    Arrays,
    convolution,
    layers_up_to,
    padding_of,
    stride_of,
    wire,
)
from evaluator.backbones.onnx_filtering import KERNELS, SideConvolutions
from evaluator.backbones.onnx_graph import Graph, value
from evaluator.errors import PlatformFault
from evaluator.memory import is_shortage

if TYPE_CHECKING:
    import onnx

__all__ = ["OnnxInception"]


class OnnxInception:
    """The network up to the block with ``dims`` channels, averaged over positions."""

    def __init__(
        self,
        arrays: Arrays,
        *,
        dims: int,
        source: str,
        threads: int = 1,
        clean: bool = False,
        spatial: bool = False,
    ) -> None:
        """``threads`` share the work on one picture; ``source`` names the weights in faults.

        ``clean``: pictures are resized as clean-fid does it. ``spatial``: sFID's features are made
        in the same pass. Raises ValueError for other ``dims``, PlatformFault ``weights.format``.
        """
        self._source, self._clean = source, clean
        layers_up_to(dims)  # refuses other numbers
        graph = _Inception(arrays, source)
        output = wire(graph, "pixels" if clean else graph.preprocess("pixels"), dims)
        outputs = [value(output, np.float32, 1, dims, "y", "x")]
        if spatial:
            channels = graph.first_channels(graph.made[SPATIAL_LAYER], SPATIAL_CHANNELS)
            outputs.append(value(channels, np.float32, 1, SPATIAL_CHANNELS, "y", "x"))
        with _fitting(source):
            self._session = graph.session(_input(clean=clean), outputs, threads=threads)

    def rows(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """uint8 RGB [N, H, W, 3], N ≥ 1, to float32 [N, dims]. For several threads at once."""
        return np.concatenate([_means(self._run(picture)[0]) for picture in pixels])

    def rows_and_spatial(
        self, pixels: NDArray[np.uint8]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The rows, and sFID's features float32 [N, 2023], of a network made with ``spatial``."""
        found = [self._run(picture) for picture in pixels]
        rows = [_means(maps) for maps, _ in found]
        return np.concatenate(rows), np.stack([watched.flatten() for _, watched in found])

    def _run(self, picture: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        given = resize_cleanly(picture) if self._clean else picture
        with _fitting(self._source):
            found: list[NDArray[np.float32]] = self._session.run(None, {"pixels": given[None]})
        return found


@contextmanager
def _fitting(source: str) -> Iterator[None]:
    """The graph is ours and pictures are checked: what else the engine refuses are the weights."""
    try:
        yield
    except Exception as error:  # its classes have no other base
        if is_shortage(error) or not type(error).__module__.startswith("onnxruntime"):
            raise
        raise PlatformFault(
            "weights.format",
            f"The weights {source} have other shapes than FID's Inception; use the weights that "
            "the protocol names.",
        ) from error


def _means(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    means: NDArray[np.float32] = maps.mean(axis=(2, 3), dtype=np.float64).astype(np.float32)
    return means


class _Inception(Graph):
    """What ``inception_layers.wire`` asks of an engine, each operation a node."""

    def __init__(self, arrays: Arrays, source: str) -> None:
        super().__init__()
        self._arrays = arrays
        self._source = source
        self._sides = SideConvolutions(MIXED_6_SIDE)
        self.made: dict[str, str] = {}
        """Layer → the name of its activations."""

    def preprocess(self, pixels: str) -> str:
        """As ``inception.preprocess``, step by step."""
        x = self.node("Transpose", pixels, perm=[0, 3, 1, 2])
        x = self.node("Cast", x, to=1)  # float32
        x = self.node("Div", x, self.constant("255", np.float32(255)))
        x = self.node(
            "Resize",
            *(x, "", "", self.constant("side", np.array([SIDE, SIDE], np.int64))),
            axes=[2, 3],
            mode="linear",
            coordinate_transformation_mode="half_pixel",
        )
        x = self.node("Mul", x, self.constant("2", np.float32(2)))
        return self.node("Sub", x, self.constant("1", np.float32(1)))

    def convolve(self, x: str, layer: str) -> str:
        weight, bias = convolution(self._arrays, layer, source=self._source)
        if weight.shape[2:] in KERNELS:
            self.made[layer] = self._sides.convolve(self, x, weight, bias)
            return self.made[layer]
        height, width = weight.shape[2:]
        x = self.node(
            "Conv",
            *(self._sides.maps(self, x), self.weight(weight), self.weight(bias)),
            kernel_shape=[height, width],
            pads=2 * list(padding_of(layer, height, width)),
            strides=2 * [stride_of(layer)],
        )
        self.made[layer] = self.node("Relu", x)
        return self.made[layer]

    def first_channels(self, x: str, count: int) -> str:
        bounds = (
            self.constant(f"{name} of {x}", np.array([value], np.int64))
            for name, value in (("start", 0), ("end", count), ("axis", 1))
        )
        return self.node("Slice", self._sides.maps(self, x), *bounds)

    def halve(self, x: str) -> str:
        return self.node("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2])

    def maximum(self, x: str) -> str:
        return self.node("MaxPool", x, kernel_shape=[3, 3], strides=[1, 1], pads=[1] * 4)

    def average(self, x: str) -> str:
        return self.node(
            "AveragePool",
            x,
            kernel_shape=[3, 3],
            strides=[1, 1],
            pads=[1] * 4,
            count_include_pad=0,
        )

    def join(self, branches: Sequence[str]) -> str:
        return self.node("Concat", *(self._sides.maps(self, x) for x in branches), axis=1)


def _input(*, clean: bool) -> onnx.ValueInfoProto:
    """The pictures; resized already where that is done as clean-fid does it."""
    if clean:
        return value("pixels", np.float32, 1, 3, SIDE, SIDE)
    return value("pixels", np.uint8, 1, "h", "w", 3)
