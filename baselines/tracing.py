"""Traces a torch module to the ONNX model that an entry holds, with batch and sizes free.

By the TorchScript exporter: on these networks it takes a second where the newer one takes twenty,
and minutes for WCT's unrolled iterations. Every export is compared with torch at sizes that were
not traced, so that nothing of the traced ones can have stayed in the graph unseen.
"""

import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

import onnx
import torch
from torch import Tensor, nn

from baselines.graph import OPSET

__all__ = ["trace"]


def trace(module: nn.Module, *, takes_style: bool) -> onnx.ModelProto:
    """The ONNX model of a module on [N, 3, H, W] pictures, with batch and all sizes free.

    Where the sources stood on this machine, which the exporter may note at nodes, is removed.
    """
    pictures, axes = _examples(takes_style)
    with TemporaryDirectory(prefix="stylearena-") as folder, warnings.catch_warnings():
        # The exporter warns of its age, and of every shape that it does keep free.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module.eval(),
            pictures,
            Path(folder) / "model.onnx",
            dynamo=False,
            input_names=["content", "style"][: len(pictures)],
            output_names=["stylized"],
            dynamic_axes=axes,
            opset_version=OPSET,
        )
        model = onnx.load_model(Path(folder) / "model.onnx")
    return _without_traces(model)


def _examples(takes_style: bool) -> tuple[tuple[Tensor, ...], dict[str, dict[int, str]]]:
    """Pictures of unequal sizes, and the names of their free axes."""
    pictures = (torch.rand(2, 3, 93, 123), torch.rand(2, 3, 110, 86))
    axes = {
        "content": {0: "N", 2: "H", 3: "W"},
        "style": {0: "N", 2: "SH", 3: "SW"},
        "stylized": {0: "N", 2: "H", 3: "W"},
    }
    if not takes_style:
        del axes["style"]
    return pictures[: len(axes) - 1], axes


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
