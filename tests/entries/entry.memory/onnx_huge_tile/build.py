"""A picture tiled to 2.5 GiB."""

from pathlib import Path

from onnx import helper

from tests.entries.making import constant, model, save


def build(folder: Path) -> Path:
    nodes = [
        helper.make_node("Tile", ["content", "times"], ["huge"]),
        helper.make_node("Exp", ["huge"], ["huger"]),
        helper.make_node("ReduceMax", ["huger"], ["most"], keepdims=1),
        helper.make_node("Mul", ["content", "most"], ["stylized"]),
    ]
    times = constant("times", [1, 1, 256, 200])
    return save(model(nodes, initializers=[times]), folder)
