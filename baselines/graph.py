"""Builds the ONNX graph of a closed-form method from ONNX's own textual syntax.

Text keeps a graph readable as equations, needs no tracing and gives the same bytes each time.
Functions of the domain ``local`` are inlined, so that only standard operators remain.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import checker, inliner, numpy_helper, parser, shape_inference

__all__ = ["IR_VERSION", "OPSET", "build", "function"]

OPSET = 18  # the first with antialiased Resize
IR_VERSION = 8  # the oldest that opset 18 allows: old runtimes read it too


def function(name: str, signature: str, body: str) -> str:
    """A function of the domain ``local``; ``signature`` as in ``(rgb) => (lab)``."""
    return f'<domain: "local", opset_import: ["": {OPSET}]>\n{name} {signature} {{\n{body}\n}}\n'


def build(
    name: str,
    body: str,
    *,
    functions: tuple[str, ...] = (),
    constants: Mapping[str, NDArray[Any]] | None = None,
) -> onnx.ModelProto:
    """A checked model with inputs content, style and output stylized, batch and sizes free.

    ``body`` assigns ``stylized``; ``constants`` are seen by it under their names.
    """
    text = f"""<ir_version: {IR_VERSION}, opset_import: ["": {OPSET}, "local": 1]>
    {name} (float[N,3,H,W] content, float[N,3,SH,SW] style) => (float[N,3,H,W] stylized) {{
    {body}
    }}
    """
    model = parser.parse_model(text + "\n".join(functions))
    for key, array in (constants or {}).items():
        model.graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(array), key))
    model = inliner.inline_local_functions(model)
    _keep_standard_domain(model)
    model.producer_name = "stylearena-baselines"
    checker.check_model(model, full_check=True)
    shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
    return model


def _keep_standard_domain(model: onnx.ModelProto) -> None:
    used = [entry for entry in model.opset_import if entry.domain == ""]
    del model.opset_import[:]
    model.opset_import.extend(used)
