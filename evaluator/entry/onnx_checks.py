"""Static checks of an ONNX model, by the onnx package alone: nothing of it is run or inferred.

The graph must say what an entry is (content, style → stylized, any height and width), use only
standard operators of opsets that the pinned onnxruntime knows, and keep its data in the archive.
Shape inference is never run: on hostile sizes it has no bound.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from evaluator.entry.external_data import check_external
from evaluator.entry.onnx_wire import check_wire
from evaluator.entry.wording import one_line, quoted
from evaluator.errors import ParticipantError

if TYPE_CHECKING:
    from onnx import FunctionProto, GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto

__all__ = ["MAX_IR_VERSION", "MAX_OPSET", "MIN_OPSET", "ModelFacts", "check_onnx"]

MIN_OPSET = 11
MAX_OPSET = 26  # the newest that onnxruntime 1.31 loads (tested)
MAX_IR_VERSION = 13  # likewise
_STANDARD = {"", "ai.onnx"}
# What is read into memory to be looked at, twice over; data in a file beside it is not.
_MAX_MODEL_BYTES = 200 << 20
_MAX_NESTING = 8  # If, Loop and Scan bodies inside each other
_MAX_NODES = 100_000
_MAX_FUNCTIONS = 500


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What a checked model is: its inputs, operator set, number of trained values, style input.

    ``external`` names the files with its data, as the model writes them.
    """

    inputs: tuple[str, ...]
    opset: int
    parameters: int
    has_style: bool
    external: tuple[str, ...] = ()


def check_onnx(path: Path, root: Path) -> ModelFacts:
    """Check the model at ``path``, whose archive was unpacked in ``root``.

    Raises ParticipantError ``entry.onnx.*`` with one sentence on what to mend.
    """
    facts = _facts(_parse(path), path, root)
    # The model is gone by now: the checker reads the file by itself, and two would be in memory.
    _check_wellformed(path)
    return facts


def _facts(model: ModelProto, path: Path, root: Path) -> ModelFacts:
    opset = _check_versions(model)
    _check_functions(model)
    nodes = list(_all_nodes(model))
    _check_operators(model, nodes)
    tensors = list(_all_tensors(model, nodes))
    external = {check_external(tensor, path.parent, root) for tensor in tensors} - {None}
    inputs = _check_inputs(model.graph)
    _check_output(model.graph)
    parameters = sum(_elements(tensor) for tensor in tensors if _is_trained(tensor))
    return ModelFacts(
        inputs,
        opset,
        parameters,
        "style" in inputs,
        tuple(sorted(name for name in external if name)),
    )


def _refuse(reason: str, sentence: str) -> NoReturn:
    raise ParticipantError(f"entry.onnx.{reason}", sentence)


def _parse(path: Path) -> ModelProto:
    import onnx
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    if not path.is_file():
        _refuse("missing", f"The archive has no file {quoted(path.name)}; add the ONNX model.")
    if path.stat().st_size > _MAX_MODEL_BYTES:
        _refuse(
            "too_large",
            "The ONNX file is larger than 200 MiB; export it with its weights in a file beside it "
            "(external data), or use a smaller model.",
        )
    check_wire(path)
    try:
        model = onnx.load_model(path, format="protobuf", load_external_data=False)
    except (DecodeError, ValueError, RuntimeError):
        _refuse("unreadable", f"{quoted(path.name)} is not an ONNX model; export it again.")
    if not model.HasField("graph") or not model.graph.node:
        _refuse("unreadable", f"{quoted(path.name)} holds no ONNX graph; export it again.")
    return model


def _check_versions(model: ModelProto) -> int:
    if not 3 <= model.ir_version <= MAX_IR_VERSION:
        _refuse(
            "ir_version",
            f"The model has ONNX IR version {model.ir_version}; export it with IR version "
            f"{MAX_IR_VERSION} or lower.",
        )
    versions = [o.version for o in model.opset_import if o.domain in _STANDARD]
    if len(versions) != 1 or not MIN_OPSET <= versions[0] <= MAX_OPSET:
        said = ", ".join(str(version) for version in versions[:3]) or "none"
        _refuse(
            "opset",
            f"The model uses opset {said}; export it with one opset from {MIN_OPSET} to "
            f"{MAX_OPSET}.",
        )
    if model.training_info:
        _refuse("training", "The model carries training graphs; export it for inference only.")
    return int(versions[0])


def _check_functions(model: ModelProto) -> None:
    """Local functions are few, of a domain of their own, and never call in a circle."""
    if len(model.functions) > _MAX_FUNCTIONS:
        _refuse(
            "functions", f"The model has more than {_MAX_FUNCTIONS} local functions; inline them."
        )
    functions = {(f.domain, f.name): f for f in model.functions}
    if any(domain in _STANDARD for domain, _ in functions):
        _refuse("functions", "The model redefines a standard operator; export it without that.")
    calls = {
        key: {(n.domain, n.op_type) for n in _nested(f.node)} & functions.keys()
        for key, f in functions.items()
    }
    try:
        TopologicalSorter(calls).prepare()
    except CycleError:
        _refuse(
            "functions", "The model's local functions call each other in a circle; inline them."
        )


def _all_nodes(model: ModelProto) -> Iterator[NodeProto]:
    """Every node: of the graph, of the bodies inside it and of local functions."""
    bodies: list[GraphProto | FunctionProto] = [model.graph, *model.functions]
    for count, node in enumerate(node for body in bodies for node in _nested(body.node)):
        if count >= _MAX_NODES:
            _refuse("nodes", f"The model has more than {_MAX_NODES} nodes; simplify its graph.")
        yield node


def _nested(nodes: object, depth: int = 0) -> Iterator[NodeProto]:
    if depth > _MAX_NESTING:
        _refuse(
            "nesting",
            f"The model nests If, Loop or Scan more than {_MAX_NESTING} deep; flatten its graph.",
        )
    for node in nodes:  # type: ignore[attr-defined]
        yield node
        for graph in _subgraphs(node):
            yield from _nested(graph.node, depth + 1)


def _subgraphs(node: NodeProto) -> Iterator[GraphProto]:
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def _check_operators(model: ModelProto, nodes: list[NodeProto]) -> None:
    local = {(f.domain, f.name) for f in model.functions}
    for node in nodes:
        if node.op_type == "EPContext":
            _refuse(
                "ep_context",
                "The model holds a compiled EPContext node; export the plain graph instead.",
            )
        if node.domain not in _STANDARD and (node.domain, node.op_type) not in local:
            _refuse(
                "operator",
                f"The model uses {quoted(node.op_type)} of domain {quoted(node.domain)}; only "
                "standard ONNX operators are allowed.",
            )


def _all_tensors(model: ModelProto, nodes: list[NodeProto]) -> Iterator[TensorProto]:
    """Every tensor that holds data: initializers at each level and attributes of nodes."""
    for graph in [model.graph, *(g for node in nodes for g in _subgraphs(node))]:
        yield from graph.initializer
        for sparse in graph.sparse_initializer:
            yield from (sparse.values, sparse.indices)
    attributes = [a for node in nodes for a in node.attribute]
    attributes += [a for function in model.functions for a in function.attribute_proto]
    for attribute in attributes:
        if attribute.HasField("t"):
            yield attribute.t
        yield from attribute.tensors
        for sparse in [attribute.sparse_tensor, *attribute.sparse_tensors]:
            yield from (sparse.values, sparse.indices)


def _check_inputs(graph: GraphProto) -> tuple[str, ...]:
    given = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in given]
    names = tuple(value.name for value in inputs)
    if sorted(names) not in (["content"], ["content", "style"]):
        said = ", ".join(quoted(name, 40) for name in names[:5]) or "none"
        _refuse(
            "inputs",
            f"The model's inputs are {said}; they must be 'content' and, if the model takes the "
            "style picture, 'style'.",
        )
    for value in inputs:
        _check_picture(value, "input")
    return names


def _check_output(graph: GraphProto) -> None:
    names = [value.name for value in graph.output]
    if names != ["stylized"]:
        said = ", ".join(quoted(name, 40) for name in names[:5]) or "none"
        _refuse("outputs", f"The model's outputs are {said}; there must be one, 'stylized'.")
    _check_picture(graph.output[0], "output")


def _check_picture(value: ValueInfoProto, role: str) -> None:
    """A float32 batch [N, 3, H, W]: N free or 1, H and W free; an output may leave it open."""
    from onnx import TensorProto

    name = f"{role} {quoted(value.name)}"
    tensor = value.type.tensor_type
    if not value.type.HasField("tensor_type") or tensor.elem_type != TensorProto.FLOAT:
        _refuse("dtype", f"The {name} is not float32; use float32 pictures in 0..1.")
    if role == "output" and not tensor.HasField("shape"):
        return
    sizes = [d.dim_value if d.HasField("dim_value") else None for d in tensor.shape.dim]
    if len(sizes) != 4 or sizes[1] not in ({3} if role == "input" else {3, None}):
        _refuse("shape", f"The {name} has shape {_shown(sizes)}; it must be [N, 3, H, W].")
    if sizes[0] not in {None, 1}:
        _refuse("shape", f"The {name} has a fixed batch of {sizes[0]}; leave N free or make it 1.")
    if sizes[2] is not None or sizes[3] is not None:
        _refuse(
            "fixed_size",
            f"The {name} has the fixed size {_shown(sizes)}; export the model with dynamic "
            "height and width.",
        )


def _shown(sizes: list[int | None]) -> str:
    return "[" + ", ".join("?" if size is None else str(size) for size in sizes[:8]) + "]"


def _check_wellformed(path: Path) -> None:
    """The onnx project's own checker, by path so that it finds (checked) external data."""
    import onnx.checker

    try:
        onnx.checker.check_model(str(path), full_check=False)
    except (onnx.checker.ValidationError, ValueError, RuntimeError, TypeError) as error:
        first = str(error).strip().partition("\n")[0].replace(str(path), path.name)
        _refuse("invalid", f"The model is not valid ONNX: {one_line(first, 200)}.")


def _is_trained(tensor: TensorProto) -> bool:
    """Floating and quantised values; whole numbers of other kinds are shapes and indices."""
    from onnx import TensorProto as T

    return tensor.data_type in {T.FLOAT, T.FLOAT16, T.BFLOAT16, T.DOUBLE, T.INT8, T.UINT8}


def _elements(tensor: TensorProto) -> int:
    count = 1
    for size in tensor.dims:
        count *= size
    return count
