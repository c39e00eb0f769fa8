"""Static checks of ONNX models: facts of good ones, and refusals beyond the battery's."""

from pathlib import Path

import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

from evaluator.entry import onnx_checks
from evaluator.entry.onnx_checks import (
    MAX_IR_VERSION,
    MAX_OPSET,
    MIN_OPSET,
    ModelFacts,
    check_onnx,
)
from evaluator.errors import ParticipantError
from tests.entries.making import constant, model, value


def check(made: onnx.ModelProto, folder: Path) -> ModelFacts:
    path = folder / "model.onnx"
    path.write_bytes(made.SerializeToString())
    return check_onnx(path, folder)


def refusal(made: onnx.ModelProto, folder: Path) -> str:
    with pytest.raises(ParticipantError) as caught:
        check(made, folder)
    return caught.value.code.removeprefix("entry.onnx.")


def with_external(folder: Path, **keys: str) -> onnx.ModelProto:
    """A model whose four weights stand in ``weights.bin`` of 24 bytes."""
    (folder / "weights.bin").write_bytes(bytes(24))
    weights = TensorProto(name="weights", dims=[4, 1, 1], data_type=TensorProto.FLOAT)
    weights.data_location = TensorProto.EXTERNAL
    for key, text in ({"location": "weights.bin", "length": "16"} | keys).items():
        weights.external_data.add(key=key, value=text)
    node = helper.make_node("Add", ["content", "weights"], ["stylized"])
    return model([node], initializers=[weights])


def test_facts_name_inputs_opset_and_trained_values(tmp_path: Path) -> None:
    node = helper.make_node("Mul", ["content", "scale"], ["stylized"])
    made = model(
        [node],
        inputs=[value("content"), value("style", ("N", 3, "h", "w"))],
        initializers=[constant("scale", [0.5] * 3, TensorProto.FLOAT), constant("unused", [1, 2])],
        opset=17,
    )
    made.graph.initializer[0].dims[:] = [3, 1, 1]

    assert check(made, tmp_path) == ModelFacts(("content", "style"), 17, 3, has_style=True)


def test_both_ends_of_the_opset_range_are_accepted(tmp_path: Path) -> None:
    assert check(model(opset=MIN_OPSET), tmp_path).opset == MIN_OPSET
    assert check(model(opset=MAX_OPSET), tmp_path).opset == MAX_OPSET
    assert refusal(model(opset=MIN_OPSET - 1), tmp_path) == "opset"
    assert refusal(model(opset=MAX_OPSET + 1), tmp_path) == "opset"


def test_the_newest_accepted_model_is_one_that_onnxruntime_loads() -> None:
    made = model(opset=MAX_OPSET)
    made.ir_version = MAX_IR_VERSION

    onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])


def test_a_newer_file_format_is_refused(tmp_path: Path) -> None:
    made = model()
    made.ir_version = MAX_IR_VERSION + 1

    assert refusal(made, tmp_path) == "ir_version"


def test_a_batch_of_one_may_be_fixed(tmp_path: Path) -> None:
    shape = (1, 3, "H", "W")
    check(model(inputs=[value("content", shape)], outputs=[value("stylized", shape)]), tmp_path)


@pytest.mark.parametrize("shape", [(4, 3, "H", "W"), ("N", 1, "H", "W"), ("N", "H", "W")])
def test_other_shapes_are_refused(tmp_path: Path, shape: tuple[int | str, ...]) -> None:
    assert refusal(model(inputs=[value("content", shape)]), tmp_path) == "shape"


def test_a_style_of_fixed_size_is_refused(tmp_path: Path) -> None:
    made = model(inputs=[value("content"), value("style", (1, 3, 256, "W"))])

    assert refusal(made, tmp_path) == "fixed_size"


def test_external_data_inside_the_archive_is_accepted(tmp_path: Path) -> None:
    facts = check(with_external(tmp_path, offset="8"), tmp_path)

    assert (facts.external, facts.parameters) == (("weights.bin",), 4)


@pytest.mark.parametrize(
    "keys",
    [
        {"location": "/etc/hostname"},
        {"location": "../weights.bin"},
        {"location": "a\\weights.bin"},
        {"location": ""},
        {"location": "weights\0.bin"},
        {"offset": "9"},
        {"offset": "-8"},
        {"offset": "1e3"},
        {"offset": "9" * 40},
        {"length": "15"},
        {"length": "17"},
        {"basepath": "/"},
    ],
)
def test_external_data_out_of_bounds_is_refused(tmp_path: Path, keys: dict[str, str]) -> None:
    assert refusal(with_external(tmp_path, **keys), tmp_path) == "external_data"


@pytest.mark.parametrize("make", ["symlink_to", "hardlink_to"])
def test_linked_external_data_is_refused(tmp_path: Path, make: str) -> None:
    made = with_external(tmp_path)
    (tmp_path / "weights.bin").rename(tmp_path / "elsewhere")
    getattr(tmp_path / "weights.bin", make)(tmp_path / "elsewhere")

    assert refusal(made, tmp_path) == "external_data"


def test_external_data_is_found_in_attributes_too(tmp_path: Path) -> None:
    hidden = with_external(tmp_path, location="/etc/hostname").graph.initializer[0]
    nodes = [
        helper.make_node("Constant", [], ["weights"], value=hidden),
        helper.make_node("Add", ["content", "weights"], ["stylized"]),
    ]

    assert refusal(model(nodes), tmp_path) == "external_data"


def test_a_tensor_with_less_data_than_its_shape_is_refused(tmp_path: Path) -> None:
    made = with_external(tmp_path)
    tensor = made.graph.initializer[0]
    tensor.ClearField("external_data")
    tensor.ClearField("data_location")
    tensor.raw_data = bytes(8)

    assert refusal(made, tmp_path) == "tensor"


def local_functions(*calls: tuple[str, str]) -> onnx.ModelProto:
    """Functions that each call one operator: (name, operator called)."""
    made = model([helper.make_node(calls[0][0], ["content"], ["stylized"], domain="mine")])
    made.opset_import.append(helper.make_opsetid("mine", 1))
    opsets = list(made.opset_import)
    for name, called in calls:
        domain = "mine" if called in dict(calls) else ""
        body = [helper.make_node(called, ["x"], ["y"], domain=domain)]
        made.functions.append(helper.make_function("mine", name, ["x"], ["y"], body, opsets))
    return made


def test_local_functions_of_standard_operators_are_accepted(tmp_path: Path) -> None:
    check(local_functions(("Outer", "Inner"), ("Inner", "Relu")), tmp_path)


def test_many_local_functions_are_accepted(tmp_path: Path) -> None:
    check(local_functions(*((f"f{number}", "Relu") for number in range(500))), tmp_path)


def test_more_local_functions_are_refused_before_they_are_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx_checks, "_nested", lambda _: pytest.fail("they were followed"))
    made = local_functions(*((f"f{number}", "Relu") for number in range(501)))

    assert refusal(made, tmp_path) == "functions"


def test_local_functions_that_call_in_a_circle_are_refused(tmp_path: Path) -> None:
    assert refusal(local_functions(("A", "B"), ("B", "A")), tmp_path) == "functions"


def test_a_foreign_operator_in_a_local_function_is_refused(tmp_path: Path) -> None:
    made = local_functions(("Outer", "Relu"))
    made.functions[0].node[0].domain = "com.microsoft"

    assert refusal(made, tmp_path) == "operator"


def test_an_unknown_operator_is_refused_by_the_projects_checker(tmp_path: Path) -> None:
    node = helper.make_node("NoSuchThing", ["content"], ["stylized"])

    assert refusal(model([node]), tmp_path) == "invalid"


def test_huge_sizes_cost_nothing(tmp_path: Path) -> None:
    made = model(initializers=[constant("huge", [1])])
    made.graph.initializer[0].dims[:] = [1 << 40, 1 << 40]

    assert refusal(made, tmp_path) == "tensor"
