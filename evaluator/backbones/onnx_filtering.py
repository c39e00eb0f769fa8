"""Convolutions of 1×7 and 7×1 as onnxruntime does them soonest: by minimal filtering.

Three products of matrices, the middle one in COUNT parts, take 0.75 to 0.9 of the time that
onnxruntime's own convolution of 17×17 places takes (one thread of an AMD EPYC).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluator.backbones.minimal_filtering import COUNT, TAPS, side_filter
from evaluator.backbones.onnx_graph import Graph

__all__ = ["KERNELS", "SideConvolutions"]

KERNELS = ((TAPS, 1), (1, TAPS))
"""Along the first side of a map, its height; along the second."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Lines:
    """A map [side · side, C] whose outer side is ``axis``: 0, its height, or 1, its width."""

    name: str
    axis: int
    channels: int


class SideConvolutions:
    """Writes them into a graph of one picture, whose maps have ``side``² places.

    Maps stay in lines from one such convolution to the next; ``maps`` gives what others understand.
    """

    def __init__(self, graph: Graph, side: int) -> None:
        self._graph = graph
        self._side = side
        self._filter = side_filter(side)
        self._lines: dict[str, _Lines] = {}

    def convolve(self, x: str, weight: Floats, bias: Floats) -> str:
        """With ReLU; ``weight``: [after, before, 7, 1] or [after, before, 1, 7]."""
        after, before, *kernel = weight.shape
        axis = KERNELS.index((kernel[0], kernel[1]))
        lines = self._along(self._lines.get(x) or self._in_lines(x, before), axis)
        products = self._products(lines, weight.reshape(after, before, TAPS))
        made = self._graph.node(
            "Gemm",
            self._graph.constant("gathered", self._filter.gathered),
            self._shaped(products, COUNT * self._filter.tiles, -1),
            self._graph.weight(np.tile(bias, self._side)),
        )
        name = self._graph.node("Relu", made)
        self._lines[name] = _Lines(name, axis, after)
        return name

    def maps(self, x: str) -> str:
        """``x`` as [1, C, side, side], if it was made here; or ``x`` itself."""
        lines = self._lines.get(x)
        if lines is None:
            return x
        channels_last = self._shaped(self._along(lines, 0).name, self._side**2, lines.channels)
        flat = self._graph.node("Transpose", channels_last, perm=[1, 0])
        return self._shaped(flat, 1, lines.channels, self._side, self._side)

    def _products(self, lines: _Lines, weight: Floats) -> str:
        """Of inputs and filters, [COUNT · tiles · side, after]."""
        spread = self._graph.node(
            "MatMul",
            self._graph.constant("spread", self._filter.spread),
            self._shaped(lines.name, self._side, -1),
        )
        parts = self._graph.split(self._shaped(spread, -1, lines.channels), COUNT)
        filters = self._filter.filters(weight)
        # Each by itself: onnxruntime lays such weights out beforehand, a stack of them it does not.
        made = [
            self._graph.node("MatMul", part, self._graph.weight(each))
            for part, each in zip(parts, filters, strict=True)
        ]
        return self._graph.node("Concat", *made, axis=0)

    def _in_lines(self, x: str, channels: int) -> _Lines:
        flat = self._shaped(x, channels, self._side**2)
        return _Lines(self._graph.node("Transpose", flat, perm=[1, 0]), 0, channels)

    def _along(self, lines: _Lines, axis: int) -> _Lines:
        if lines.axis == axis:
            return lines
        rows = self._shaped(lines.name, self._side**2, lines.channels)
        # A transpose would be joined to others, and the whole take six times as long.
        turned = np.arange(self._side**2).reshape(self._side, self._side).T
        order = self._graph.constant("sides exchanged", turned.flatten())
        return _Lines(self._graph.node("Gather", rows, order, axis=0), axis, lines.channels)

    def _shaped(self, x: str, *sides: int) -> str:
        shape = self._graph.constant(f"shape {sides}", np.array(sides, np.int64))
        return self._graph.node("Reshape", x, shape)
