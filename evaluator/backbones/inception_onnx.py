"""Inception-v3 as FID uses it, run by onnxruntime on the CPU: exact float32, without PyTorch.

The graph is written here from our own weights, in memory. One thread works on one picture, so that
a picture's features are the same bits for any batch, order and number of threads; callers use as
many threads as they like. Half the processor time of PyTorch picture by picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from evaluator.backbones.inception_layers import (
    SIDE,
    Arrays,
    convolution,
    layers_up_to,
    padding_of,
    stride_of,
    wire,
)

if TYPE_CHECKING:
    import onnx

__all__ = ["OnnxInception"]

OPSET, IR_VERSION = 18, 9


class OnnxInception:
    """The network up to the block with ``dims`` channels, averaged over positions."""

    def __init__(self, arrays: Arrays, *, dims: int, source: str, threads: int = 1) -> None:
        """``threads`` share the work on one picture; ``source`` names the weights in faults.

        Raises ValueError for other ``dims``, PlatformFault ``weights.format``.
        """
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Threads that spin while they wait would take the time of those that work.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        model, weights = _model(arrays, dims, source)
        # Handed over beside the model: inside it they would be copied four times on their way.
        values = [onnxruntime.OrtValue.ortvalue_from_numpy(array) for array in weights.values()]
        options.add_external_initializers(list(weights), values)
        self._session = onnxruntime.InferenceSession(
            model, options, providers=["CPUExecutionProvider"]
        )

    def rows(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """uint8 RGB [N, H, W, 3] to float32 [N, dims]. For several threads at once."""
        (maps,) = self._session.run(None, {"pixels": pixels})
        means: NDArray[np.float32] = maps.mean(axis=(2, 3), dtype=np.float64).astype(np.float32)
        return means


class _Graph:
    """Nodes and their weights; an operation returns the name of what it makes."""

    def __init__(self, arrays: Arrays, source: str) -> None:
        self._arrays = arrays
        self._source = source
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self.weights: dict[str, NDArray[np.float32]] = {}

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
        return self.node("Relu", x)

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


def _model(arrays: Arrays, dims: int, source: str) -> tuple[bytes, dict[str, NDArray[np.float32]]]:
    """The serialised graph, and its weights by their names."""
    from onnx import TensorProto, helper

    layers_up_to(dims)  # refuses other numbers
    graph = _Graph(arrays, source)
    output = wire(graph, graph.preprocess("pixels"), dims)
    pixels = helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["n", "h", "w", 3])
    maps = helper.make_tensor_value_info(output, TensorProto.FLOAT, ["n", dims, "y", "x"])
    model = helper.make_model(
        helper.make_graph(graph.nodes, "inception", [pixels], [maps], graph.initializers),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    return bytes(model.SerializeToString()), graph.weights
