"""An output of half the size."""

from pathlib import Path

from onnx import helper

from tests.entries.making import model, save


def build(folder: Path) -> Path:
    node = helper.make_node("MaxPool", ["content"], ["stylized"], kernel_shape=[2, 2], strides=[2, 2])
    return save(model([node]), folder)
