"""A graph that fails on any real picture."""

from pathlib import Path

from onnx import helper

from tests.entries.making import constant, model, save


def build(folder: Path) -> Path:
    nodes = [
        helper.make_node("Reshape", ["content", "shape"], ["seven"]),
        helper.make_node("Identity", ["seven"], ["stylized"]),
    ]
    return save(model(nodes, initializers=[constant("shape", [1, 3, 7, 7])]), folder)
