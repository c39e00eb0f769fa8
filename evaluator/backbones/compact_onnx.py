"""The compact protocol's networks run by onnxruntime, on the CPU: two thirds of PyTorch's time.

The graphs are written from the modules themselves, piece by piece, so that what was trained is what
runs. Features are the same bits for any number of threads, and PyTorch's within rounding.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import partial, singledispatch
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from evaluator.backbones.onnx_graph import Graph, value
from evaluator.compact.inception_network import (
    DEEP,
    FID_SIDE,
    Bottleneck,
    CompactInception,
    Halving,
    resized,
)
from evaluator.compact.networks import (
    LAYERS,
    MIDDLE,
    UNIT,
    CompactLpips,
    CompactVgg,
    Conv,
    Residual,
)

if TYPE_CHECKING:
    import onnx
    import onnxruntime

__all__ = ["OnnxCompactInception", "OnnxCompactMaps", "write"]


class _Sessions:
    """Of one graph: for each number of threads that callers' work may take, as PyTorch counts it.

    One for one thread is all that a scorer's lanes need; whoever scores a picture at a time has all
    processors for it.
    """

    def __init__(
        self, graph: Graph, given: onnx.ValueInfoProto, outputs: list[onnx.ValueInfoProto]
    ) -> None:
        self._make = partial(graph.session, given, outputs)
        self._lock = Lock()
        self._made: dict[int, onnxruntime.InferenceSession] = {}

    def run(self, names: list[str], **given: NDArray[Any]) -> list[Tensor]:
        threads = torch.get_num_threads()
        with self._lock:
            if threads not in self._made:
                self._made[threads] = self._make(threads=threads)
        return [torch.from_numpy(array) for array in self._made[threads].run(names, given)]


class OnnxCompactMaps:
    """What ``CompactVgg`` or ``CompactLpips`` gives."""

    def __init__(self, network: CompactVgg | CompactLpips, layers: Collection[str]) -> None:
        """``layers``: those that will be asked for, at least one."""
        graph = Graph()
        x = _scaled(graph, "pixels")
        self._names: dict[str, str] = {}
        outputs = []
        for layer in LAYERS[: 1 + max(map(LAYERS.index, layers))]:
            x = write(network.stages[layer], graph, x)
            if layer in layers:
                head = network.heads[layer] if isinstance(network, CompactVgg) else nn.Identity()
                self._names[layer] = write(head, graph, x)
                outputs.append(value(self._names[layer], np.float32, "n", "c", "y", "x"))
        self._sessions = _Sessions(graph, value("pixels", np.uint8, "n", "h", "w", 3), outputs)

    def __call__(self, pixels: Tensor, layers: Collection[str] | None = None) -> dict[str, Tensor]:
        """uint8 RGB [N, H, W, 3] to layer → float32 [N, C, h, w], for ``layers`` or for all.

        Raises KeyError for a layer that was not named before.
        """
        wanted = [layer for layer in LAYERS if layer in (self._names if layers is None else layers)]
        if not wanted:
            return {}
        names = [self._names[layer] for layer in wanted]
        return dict(zip(wanted, self._sessions.run(names, pixels=pixels.numpy()), strict=True))


class OnnxCompactInception:
    """What ``CompactInception`` gives, picture by picture."""

    def __init__(self, network: CompactInception) -> None:
        graph = Graph()
        x = "x"
        for stage in network.stages.values():
            x = write(stage, graph, x)
        self._maps = graph.node("Relu", x)
        self._sessions = _Sessions(
            graph,
            value("x", np.float32, 1, 3, FID_SIDE, FID_SIDE),
            [value(self._maps, np.float32, 1, DEEP, "y", "x")],
        )
        self._head = network.head

    def __call__(self, pixels: Tensor) -> Tensor:
        """uint8 RGB [N, H, W, 3], N ≥ 1, to float32 [N, ``FID_DIMS``]."""
        return torch.stack([self._row(each[None]) for each in pixels])

    def _row(self, pixels: Tensor) -> Tensor:
        (maps,) = self._sessions.run([self._maps], x=resized(pixels).numpy())
        means = maps.numpy().mean(axis=(0, 2, 3), dtype=np.float64).astype(np.float32)
        row: Tensor = self._head(torch.from_numpy(means))
        return row


def _scaled(graph: Graph, pixels: str) -> str:
    """As the two networks do it first."""
    x = graph.node("Transpose", pixels, perm=[0, 3, 1, 2])
    x = graph.node("Cast", x, to=1)  # float32
    x = graph.node("Div", x, graph.constant("unit", np.float32(UNIT)))
    return graph.node("Sub", x, graph.constant("middle", np.float32(MIDDLE)))


@singledispatch
def write(module: nn.Module, graph: Graph, x: str) -> str:
    """The module's nodes, given ``x``; returns the name of what it makes.

    Raises TypeError for modules, and kinds of them, that compact networks have none of.
    """
    raise TypeError(f"a {type(module).__name__} has no nodes yet")


@write.register
def _(module: nn.Identity, graph: Graph, x: str) -> str:
    return x


@write.register
def _(module: nn.Sequential, graph: Graph, x: str) -> str:
    if type(module) is not nn.Sequential:
        raise TypeError(f"a {type(module).__name__} has no nodes yet")
    for part in module:
        x = write(part, graph, x)
    return x


@write.register
def _(module: nn.Conv2d, graph: Graph, x: str) -> str:
    plain = (module.dilation, module.groups, module.padding_mode) == ((1, 1), 1, "zeros")
    if not plain or module.bias is None:
        raise TypeError(f"{module} has no nodes yet")
    values = module.weight, module.bias
    return graph.node(
        "Conv",
        *(x, *(graph.weight(each.detach().contiguous().numpy()) for each in values)),
        kernel_shape=list(module.kernel_size),
        pads=2 * [int(side) for side in module.padding],
        strides=list(module.stride),
    )


@write.register
def _(module: Conv, graph: Graph, x: str) -> str:
    return graph.node("Relu", write.dispatch(nn.Conv2d)(module, graph, x))


@write.register
def _(module: nn.MaxPool2d, graph: Graph, x: str) -> str:
    if (module.padding, module.dilation, module.ceil_mode) != (0, 1, False):
        raise TypeError(f"{module} has no nodes yet")
    return graph.node(
        "MaxPool", x, kernel_shape=2 * [module.kernel_size], strides=2 * [module.stride]
    )


@write.register
def _(module: Residual, graph: Graph, x: str) -> str:
    mixed = write(module.mix, graph, write(module.conv, graph, x))
    return graph.node("Add", mixed, x)


@write.register
def _(module: Bottleneck, graph: Graph, x: str) -> str:
    inner = nn.Sequential(module.narrow, module.convs, module.widen)
    return graph.node("Add", write(inner, graph, graph.node("Relu", x)), x)


@write.register
def _(module: Halving, graph: Graph, x: str) -> str:
    x = graph.node("Relu", x)
    halved = write(nn.Sequential(module.narrow, module.halve), graph, x)
    pooled = graph.node("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2])
    return graph.node("Concat", halved, pooled, axis=1)
