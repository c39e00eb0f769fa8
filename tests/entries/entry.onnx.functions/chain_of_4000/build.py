"""Local functions that call each other, one after the other, 4000 times."""

from pathlib import Path

from onnx import helper

from tests.entries.making import model, save


def build(folder: Path) -> Path:
    made = model([helper.make_node("f0", ["content"], ["stylized"], domain="mine")])
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("mine", 1)]
    made.opset_import.append(opsets[1])
    for number in range(4000):
        body = [helper.make_node(f"f{number + 1}", ["x"], ["y"], domain="mine")]
        made.functions.append(
            helper.make_function("mine", f"f{number}", ["x"], ["y"], body, opsets)
        )
    return save(made, folder)
