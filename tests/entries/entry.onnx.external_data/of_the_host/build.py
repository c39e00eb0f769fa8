"""Weights read from a file of the host."""

from pathlib import Path

from onnx import TensorProto, helper

from tests.entries.making import model, save


def build(folder: Path) -> Path:
    weights = TensorProto(name="weights", dims=[1], data_type=TensorProto.FLOAT)
    weights.data_location = TensorProto.EXTERNAL
    weights.external_data.add(key="location", value="../../../../etc/passwd")
    node = helper.make_node("Add", ["content", "weights"], ["stylized"])
    return save(model([node], initializers=[weights]), folder)
