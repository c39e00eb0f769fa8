"""Weights in a file of the archive, at an offset."""

import struct
from pathlib import Path

from onnx import TensorProto, helper

from tests.entries.making import MANIFEST, archive, model


def build(folder: Path) -> Path:
    weights = TensorProto(name="weights", dims=[4], data_type=TensorProto.FLOAT)
    weights.data_location = TensorProto.EXTERNAL
    for key, text in (("location", "weights/all.bin"), ("offset", "8"), ("length", "16")):
        weights.external_data.add(key=key, value=text)
    nodes = [
        helper.make_node("ReduceMax", ["weights"], ["most"], keepdims=0),
        helper.make_node("Mul", ["content", "most"], ["stylized"]),
    ]
    made = model(nodes, initializers=[weights])
    members = [("entry.toml", MANIFEST.encode()), ("model.onnx", made.SerializeToString())]
    data = bytes(8) + struct.pack("<4f", 0.25, 1.0, 0.5, 0.0)
    return archive(folder, [*members, ("weights/all.bin", data)])
