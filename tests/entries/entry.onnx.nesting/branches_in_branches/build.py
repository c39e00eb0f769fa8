"""If in If in If."""

from pathlib import Path

from onnx import TensorProto, helper

from tests.entries.making import model, save, value


def build(folder: Path) -> Path:
    graph = helper.make_graph(
        [helper.make_node("Identity", ["content"], ["made"])], "leaf", [], [value("made")]
    )
    for _ in range(20):
        node = helper.make_node("If", ["yes"], ["made"], then_branch=graph, else_branch=graph)
        graph = helper.make_graph([node], "branch", [], [value("made")])
        del graph.node[0].attribute[1]
    last = helper.make_node("If", ["yes"], ["stylized"], then_branch=graph, else_branch=graph)
    yes = helper.make_tensor("yes", TensorProto.BOOL, [], [True])
    return save(model([last], initializers=[yes]), folder)
