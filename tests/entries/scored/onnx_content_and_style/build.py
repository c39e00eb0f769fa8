"""Both pictures, of different sizes."""

from pathlib import Path

from onnx import helper

from tests.entries.making import constant, model, save, value


def build(folder: Path) -> Path:
    style = value("style", ("N", 3, "style_h", "style_w"))
    nodes = [
        helper.make_node("ReduceMean", ["style", "axes"], ["colour"], keepdims=1),
        helper.make_node("Mul", ["content", "colour"], ["tinted"]),
        helper.make_node("Identity", ["tinted"], ["stylized"]),
    ]
    made = model(
        nodes, inputs=[value("content"), style], initializers=[constant("axes", [2, 3])]
    )
    return save(made, folder)
