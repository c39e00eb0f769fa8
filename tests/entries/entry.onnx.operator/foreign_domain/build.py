"""An operator of one runtime alone."""

from pathlib import Path

from onnx import helper

from tests.entries.making import model, save


def build(folder: Path) -> Path:
    node = helper.make_node("FusedConv", ["content"], ["stylized"], domain="com.microsoft")
    return save(model([node]), folder)
