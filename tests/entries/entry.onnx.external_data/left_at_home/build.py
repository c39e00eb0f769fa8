"""Weights in a file that was not handed in."""

from pathlib import Path

from onnx import TensorProto, helper

from tests.entries.making import model, save


def build(folder: Path) -> Path:
    weights = TensorProto(name="weights", dims=[1], data_type=TensorProto.FLOAT)
    weights.data_location = TensorProto.EXTERNAL
    weights.external_data.add(key="location", value="model.onnx.data")
    node = helper.make_node("Add", ["content", "weights"], ["stylized"])
    return save(model([node], initializers=[weights]), folder)
