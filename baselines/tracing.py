"""Traces a torch module to the ONNX model that an entry holds, with batch and sizes free."""

import warnings

import onnx
import torch
from torch import Tensor, nn
from torch.export import Dim

from baselines.graph import OPSET

__all__ = ["trace"]


def trace(module: nn.Module, *, takes_style: bool) -> onnx.ModelProto:
    """The ONNX model of a module on [N, 3, H, W] pictures, with batch and all sizes free.

    Where the sources stood on this machine, which the exporter notes at each node, is removed.
    """
    pictures, sizes = _examples(takes_style)
    with warnings.catch_warnings():
        # The exporter warns of its own dependencies' deprecations.
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            module.eval(),
            pictures,
            dynamo=True,
            input_names=["content", "style"][: len(pictures)],
            output_names=["stylized"],
            dynamic_shapes=sizes,
            opset_version=OPSET,
            external_data=False,
            verbose=False,
        )
    if program is None:
        raise RuntimeError("the exporter returned no program")
    return _without_traces(program.model_proto)


def _examples(takes_style: bool) -> tuple[tuple[Tensor, ...], tuple[dict[int, object], ...]]:
    """Unequal sizes, none of them 1, so that the tracer cannot take two of them for the same."""
    count = Dim("N")
    pictures = (torch.rand(2, 3, 93, 123), torch.rand(2, 3, 110, 86))
    sizes: tuple[dict[int, object], ...] = (
        {0: count, 2: Dim("H", min=32), 3: Dim("W", min=32)},
        {0: count, 2: Dim("SH", min=32), 3: Dim("SW", min=32)},
    )
    used = 2 if takes_style else 1
    return pictures[:used], sizes[:used]


def _without_traces(model: onnx.ModelProto) -> onnx.ModelProto:
    del model.metadata_props[:]
    model.doc_string = ""
    graph = model.graph
    del graph.metadata_props[:]
    del graph.value_info[:]
    graph.name = "stylize"
    for item in [*graph.node, *graph.input, *graph.output, *graph.initializer]:
        item.doc_string = ""
        del item.metadata_props[:]
    onnx.checker.check_model(model, full_check=True)
    return model
