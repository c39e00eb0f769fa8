"""An input by another name."""

from pathlib import Path

from onnx import helper

from tests.entries.making import model, save, value


def build(folder: Path) -> Path:
    node = helper.make_node("Identity", ["image"], ["stylized"])
    return save(model([node], inputs=[value("image")]), folder)
