"""The same, out of sight."""

from pathlib import Path

from onnx import TensorProto, helper

from tests.entries.making import model, save, value


def build(folder: Path) -> Path:
    inner = helper.make_node("FusedConv", ["content"], ["made"], domain="com.microsoft")
    branch = helper.make_graph([inner], "branch", [], [value("made")])
    node = helper.make_node("If", ["yes"], ["stylized"], then_branch=branch, else_branch=branch)
    yes = helper.make_tensor("yes", TensorProto.BOOL, [], [True])
    return save(model([node], initializers=[yes]), folder)
