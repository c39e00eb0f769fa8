"""Inception-v3 as FID uses it, run by onnxruntime on the CPU: exact float32, without PyTorch.

The graph is written here from our own weights, in memory. One thread works on one picture, so that
a picture's features are the same bits for any batch, order and number of threads; callers use as
many threads as they like. Half the processor time of PyTorch picture by picture.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from evaluator.backbones.clean_resizing import resize_cleanly
from evaluator.backbones.inception_layers import (
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
from evaluator.errors import PlatformFault
from evaluator.memory import is_shortage

if TYPE_CHECKING:
    import onnx

__all__ = ["OnnxInception", "onnxruntime_version"]

OPSET, IR_VERSION = 18, 9


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
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 4  # its errors reach us as exceptions
        # Threads that spin while they wait would take the time of those that work.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        model, weights = _model(arrays, dims, source, clean=clean, spatial=spatial)
        self._clean = clean
        # Handed over beside the model: inside it they would be copied four times on their way.
        values = [onnxruntime.OrtValue.ortvalue_from_numpy(array) for array in weights.values()]
        options.add_external_initializers(list(weights), values)
        self._source = source
        with _fitting(source):
            self._session = onnxruntime.InferenceSession(
                model, options, providers=["CPUExecutionProvider"]
            )

    def rows(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """uint8 RGB [N, H, W, 3] to float32 [N, dims]. For several threads at once."""
        return _means(self._run(pixels)[0])

    def rows_and_spatial(
        self, pixels: NDArray[np.uint8]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The rows, and sFID's features float32 [N, 2023], of a network made with ``spatial``."""
        maps, watched = self._run(pixels)
        return _means(maps), watched.reshape(len(watched), -1)

    def _run(self, pixels: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        given = np.stack([resize_cleanly(each) for each in pixels]) if self._clean else pixels
        with _fitting(self._source):
            found: list[NDArray[np.float32]] = self._session.run(None, {"pixels": given})
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


def onnxruntime_version() -> str:
    """The engine's version, without loading it: features of two differ in their last digits."""
    return importlib.metadata.version("onnxruntime")


class _Graph:
    """Nodes and their weights; an operation returns the name of what it makes."""

    def __init__(self, arrays: Arrays, source: str) -> None:
        self._arrays = arrays
        self._source = source
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self.weights: dict[str, NDArray[np.float32]] = {}
        self.made: dict[str, str] = {}
        """Layer → the name of its activations."""

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        from onnx import helper

        name = f"x{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def constant(self, name: str, values: NDArray[Any]) -> str:
        from onnx import numpy_helper

        self.initializers.append(numpy_helper.from_array(values, name))
        return name

    def weight(self, name: str, values: NDArray[np.float32]) -> str:
        """A constant whose numbers stay outside the graph."""
        from onnx import TensorProto

        tensor = TensorProto(
            name=name,
            dims=values.shape,
            data_type=TensorProto.FLOAT,
            data_location=TensorProto.EXTERNAL,
        )
        tensor.external_data.add(key="location", value="weights")
        self.initializers.append(tensor)
        self.weights[name] = values
        return name

    def preprocess(self, pixels: str) -> str:
        """As ``inception.preprocess``, step by step."""
        x = self.node("Transpose", pixels, perm=[0, 3, 1, 2])
        x = self.node("Cast", x, to=1)  # float32
        x = self.node("Div", x, self.constant("255", np.float32(255)))  # type: ignore[arg-type]
        x = self.node(
            "Resize",
            *(x, "", "", self.constant("side", np.array([SIDE, SIDE], np.int64))),
            axes=[2, 3],
            mode="linear",
            coordinate_transformation_mode="half_pixel",
        )
        x = self.node("Mul", x, self.constant("2", np.float32(2)))  # type: ignore[arg-type]
        return self.node("Sub", x, self.constant("1", np.float32(1)))  # type: ignore[arg-type]

    # What ``inception_layers.wire`` asks of an engine.

    def convolve(self, x: str, layer: str) -> str:
        weight, bias = convolution(self._arrays, layer, source=self._source)
        height, width = weight.shape[2:]
        names = self.weight(f"{layer}.weight", weight), self.weight(f"{layer}.bias", bias)
        x = self.node(
            "Conv",
            *(x, *names),
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
        return self.node("Slice", x, *bounds)

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
        return self.node("Concat", *branches, axis=1)


def _model(
    arrays: Arrays, dims: int, source: str, *, clean: bool, spatial: bool
) -> tuple[bytes, dict[str, NDArray[np.float32]]]:
    """The serialised graph, and its weights by their names."""
    from onnx import helper

    layers_up_to(dims)  # refuses other numbers
    graph = _Graph(arrays, source)
    output = wire(graph, "pixels" if clean else graph.preprocess("pixels"), dims)
    outputs = [_value(output, dims)]
    if spatial:
        channels = graph.first_channels(graph.made[SPATIAL_LAYER], SPATIAL_CHANNELS)
        outputs.append(_value(channels, SPATIAL_CHANNELS))
    model = helper.make_model(
        helper.make_graph(
            graph.nodes, "inception", [_input(clean=clean)], outputs, graph.initializers
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    return bytes(model.SerializeToString()), graph.weights


def _input(*, clean: bool) -> onnx.ValueInfoProto:
    """The pictures; resized already where that is done as clean-fid does it."""
    from onnx import TensorProto, helper

    if clean:
        return helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", 3, SIDE, SIDE])
    return helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["n", "h", "w", 3])


def _value(name: str, channels: int) -> onnx.ValueInfoProto:
    from onnx import TensorProto, helper

    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", channels, "y", "x"])
