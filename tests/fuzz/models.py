"""ONNX checks: damaged protobuf, and whole models drawn node by node with hostile parts."""

from pathlib import Path

import onnx
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, helper

from evaluator.entry.onnx_checks import check_onnx
from tests.fuzz.drawing import Draw, damaged

_OPERATORS = ("Identity", "Add", "Conv", "Resize", "If", "Loop", "Scan", "EPContext", "NoSuch")
_DOMAINS = ("", "", "", "ai.onnx", "com.microsoft", "evil")
_TENSORS = ("content", "style", "stylized", "a", "b", "")
_SIZES = (0, 1, 3, 4, -1, 1 << 20, 1 << 40, (1 << 63) - 1)
_LOCATIONS = ("weights.bin", "../weights.bin", "/etc/hostname", "", "nul\0", "n" * 300)
_NUMBERS = ("0", "8", "16", "-1", "1e3", "", "9" * 30, "٣")


def run(data: bytes, folder: Path) -> None:
    """Check the model that ``data`` is or describes."""
    draw = Draw(data)
    (folder / "weights.bin").write_bytes(bytes(24))
    path = folder / "model.onnx"
    if draw.flag():
        path.write_bytes(draw.rest())
    else:
        path.write_bytes(damaged(_model(draw).SerializeToString(), draw, most=4))
    facts = check_onnx(path, folder)
    if facts.parameters < 0 or "content" not in facts.inputs:
        raise AssertionError(f"a model was accepted with {facts}")


def _model(draw: Draw) -> ModelProto:
    functions = [_function(draw) for _ in range(draw.whole(0, 2))]
    opsets = [helper.make_opsetid(draw.pick(_DOMAINS), draw.pick((18, 18, 11, 26, 99, 0)))]
    return helper.make_model(
        _graph(draw, depth=0),
        opset_imports=opsets,
        functions=functions,
        ir_version=draw.pick((10, 10, 3, 13, 99)),
    )


def _graph(draw: Draw, *, depth: int) -> GraphProto:
    usual = draw.flag()
    inputs = ["content"] if usual else [draw.pick(_TENSORS) for _ in range(draw.whole(0, 3))]
    outputs = ["stylized"] if usual else [draw.pick(_TENSORS) for _ in range(draw.whole(0, 2))]
    nodes = [_node(draw, depth=depth) for _ in range(draw.whole(1, 4))]
    graph = helper.make_graph(
        nodes, "g", [_value(draw, n) for n in inputs], [_value(draw, n) for n in outputs]
    )
    graph.initializer.extend(_tensor(draw) for _ in range(draw.whole(0, 3)))
    return graph


def _value(draw: Draw, name: str) -> onnx.ValueInfoProto:
    if draw.whole(0, 2):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", 3, "H", "W"])
    shape = [draw.pick((*_SIZES, "N")) for _ in range(draw.whole(0, 6))]
    return helper.make_tensor_value_info(name, draw.pick((1, 7, 8, 10)), shape)


def _node(draw: Draw, *, depth: int) -> NodeProto:
    node = NodeProto(op_type=draw.pick(_OPERATORS), domain=draw.pick(_DOMAINS))
    node.input.extend(draw.pick(_TENSORS) for _ in range(draw.whole(0, 3)))
    node.output.extend(draw.pick(_TENSORS) for _ in range(draw.whole(0, 2)))
    node.attribute.extend(_attribute(draw, depth=depth) for _ in range(draw.whole(0, 2)))
    return node


def _attribute(draw: Draw, *, depth: int) -> AttributeProto:
    made = AttributeProto(name=draw.text(8), type=draw.pick((0, 1, 2, 3, 4, 5)))
    if depth < 12 and draw.left and draw.flag():
        made.g.CopyFrom(_graph(draw, depth=depth + 1))
    if draw.flag():
        made.t.CopyFrom(_tensor(draw))
    if draw.whole(0, 7) == 7:
        made.sparse_tensor.values.CopyFrom(_tensor(draw))
    return made


def _tensor(draw: Draw) -> TensorProto:
    tensor = TensorProto(name=draw.text(8), data_type=draw.whole(0, 30))
    tensor.dims.extend(draw.pick(_SIZES) for _ in range(draw.whole(0, 6)))
    if draw.flag():
        tensor.raw_data = draw.some(draw.whole(0, 64))
    if draw.whole(0, 2) == 2:
        tensor.data_location = TensorProto.EXTERNAL
    for _ in range(draw.whole(0, 3)):
        key = draw.pick(("location", "offset", "length", "checksum", "basepath"))
        tensor.external_data.add(
            key=key, value=draw.pick(_LOCATIONS if key == "location" else _NUMBERS)
        )
    return tensor


def _function(draw: Draw) -> onnx.FunctionProto:
    nodes = [_node(draw, depth=11) for _ in range(draw.whole(1, 2))]
    opset = helper.make_opsetid("", 18)
    name, domain = draw.pick(_OPERATORS), draw.pick(("evil", "evil", ""))
    return helper.make_function(domain, name, ["a"], ["b"], nodes, [opset])
