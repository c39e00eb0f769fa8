"""The logarithm of negative numbers."""

from pathlib import Path

from onnx import helper

from tests.entries.making import model, save


def build(folder: Path) -> Path:
    nodes = [
        helper.make_node("Neg", ["content"], ["negative"]),
        helper.make_node("Log", ["negative"], ["stylized"]),
    ]
    return save(model(nodes), folder)
