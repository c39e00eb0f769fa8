"""An output by another name."""

from pathlib import Path

from onnx import helper

from tests.entries.making import model, save, value


def build(folder: Path) -> Path:
    node = helper.make_node("Identity", ["content"], ["output"])
    return save(model([node], outputs=[value("output")]), folder)
