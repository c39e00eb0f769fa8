"""Graphs written for onnxruntime, in memory, and run by it on the CPU.

Such a session gives a picture the same bits for any number of threads.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import onnx
    import onnxruntime

__all__ = ["Graph", "onnxruntime_version", "value"]

OPSET, IR_VERSION = 18, 9


def onnxruntime_version() -> str:
    """The engine's version, without loading it: features of two differ in their last digits.

    Its build for GPUs is a package of another name; "none" where neither is installed.
    """
    for package in ("onnxruntime", "onnxruntime-gpu"):
        with suppress(importlib.metadata.PackageNotFoundError):
            return importlib.metadata.version(package)
    return "none"


class Graph:
    """Nodes and their weights; an operation returns the name of what it makes."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._initializers: list[onnx.TensorProto] = []
        self._constants: set[str] = set()
        self._weights: dict[str, NDArray[np.float32]] = {}

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        from onnx import helper

        name = f"x{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def split(self, x: str, count: int) -> list[str]:
        """Equal parts, one after another along the first side."""
        from onnx import helper

        names = [f"x{len(self._nodes)}.{index}" for index in range(count)]
        self._nodes.append(helper.make_node("Split", [x], names, axis=0, num_outputs=count))
        return names

    def constant(self, name: str, values: NDArray[Any] | np.generic) -> str:
        """The same numbers whenever ``name`` is."""
        from onnx import numpy_helper

        if name not in self._constants:
            self._constants.add(name)
            self._initializers.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def weight(self, values: NDArray[np.float32]) -> str:
        """A constant whose numbers stay outside the graph."""
        from onnx import TensorProto

        name = f"w{len(self._weights)}"
        tensor = TensorProto(
            name=name,
            dims=values.shape,
            data_type=TensorProto.FLOAT,
            data_location=TensorProto.EXTERNAL,
        )
        tensor.external_data.add(key="location", value="weights")
        self._initializers.append(tensor)
        self._weights[name] = values
        return name

    def session(
        self,
        given: onnx.ValueInfoProto,
        outputs: Sequence[onnx.ValueInfoProto],
        *,
        threads: int,
    ) -> onnxruntime.InferenceSession:
        """``threads`` share the work on one call. Raises onnxruntime's own errors."""
        import onnxruntime
        from onnx import helper

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 4  # its errors reach us as exceptions
        # Threads that spin while they wait would take the time of those that work.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # Handed over beside the model: inside it they would be copied four times on their way.
        values = [
            onnxruntime.OrtValue.ortvalue_from_numpy(array) for array in self._weights.values()
        ]
        options.add_external_initializers(list(self._weights), values)
        model = helper.make_model(
            helper.make_graph(self._nodes, "network", [given], list(outputs), self._initializers),
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
        )
        return onnxruntime.InferenceSession(
            bytes(model.SerializeToString()), options, providers=["CPUExecutionProvider"]
        )


def value(name: str, kind: type[np.generic], *sides: int | str) -> onnx.ValueInfoProto:
    """What goes in or comes out: its name, numbers and shape; a side that may vary has a name."""
    from onnx import helper

    return helper.make_tensor_value_info(
        name, helper.np_dtype_to_tensor_dtype(np.dtype(kind)), list(sides)
    )
