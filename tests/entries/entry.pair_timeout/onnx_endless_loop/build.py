"""A loop of 4.6 quintillion turns."""

from pathlib import Path

from onnx import TensorProto, helper

from tests.entries.making import model, save, value


def build(folder: Path) -> Path:
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go"], ["go_on"]),
            helper.make_node("Sin", ["state"], ["next"]),
        ],
        "body",
        [value("turn", [], TensorProto.INT64), value("go", [], TensorProto.BOOL), value("state")],
        [value("go_on", [], TensorProto.BOOL), value("next")],
    )
    node = helper.make_node("Loop", ["turns", "yes", "content"], ["stylized"], body=body)
    turns = helper.make_tensor("turns", TensorProto.INT64, [], [1 << 62])
    yes = helper.make_tensor("yes", TensorProto.BOOL, [], [True])
    return save(model([node], initializers=[turns, yes]), folder)
