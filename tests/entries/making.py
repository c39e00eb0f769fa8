"""Parts of entries for the battery's ``build.py`` files: ONNX graphs and zip archives, some odd.

A case is a folder ``<expected verdict>/<case>/`` that holds either the files of an archive or a
``build.py`` with ``build(folder) -> path of the archive``; ``case.toml`` may set ``limits``, ``says``
(a part of the sentence, or several of which one must be there), ``slow`` and ``rung`` (the lowest of
the sandbox that gives the verdict).
"""

import stat
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import onnx
from onnx import NodeProto, TensorProto, helper

MANIFEST = 'name = "case"\nruntime = "onnx"\n'
PICTURE = ("N", 3, "H", "W")


def value(name: str, shape: Sequence[int | str] = PICTURE, kind: int = TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, list(shape))


def model(
    nodes: Iterable[NodeProto] = (),
    *,
    inputs: Sequence[onnx.ValueInfoProto] = (),
    outputs: Sequence[onnx.ValueInfoProto] = (),
    initializers: Sequence[TensorProto] = (),
    opset: int = 18,
) -> onnx.ModelProto:
    """A model from content to stylized; the identity where no nodes are given."""
    graph = helper.make_graph(
        list(nodes) or [helper.make_node("Identity", ["content"], ["stylized"])],
        "case",
        list(inputs) or [value("content")],
        list(outputs) or [value("stylized")],
        list(initializers),
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)


def save(made: onnx.ModelProto, folder: Path) -> Path:
    """A bare model."""
    path = folder / "case.onnx"
    path.write_bytes(made.SerializeToString())
    return path


def constant(name: str, values: Sequence[float], kind: int = TensorProto.INT64) -> TensorProto:
    return helper.make_tensor(name, kind, [len(values)], list(values))


def archive(folder: Path, members: Iterable[tuple[zipfile.ZipInfo | str, bytes]]) -> Path:
    """A zip of ``members`` as they are, whatever their names."""
    path = folder / "case.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in members:
            made.writestr(name, data)
    return path


def good_members() -> list[tuple[zipfile.ZipInfo | str, bytes]]:
    return [("entry.toml", MANIFEST.encode()), ("model.onnx", model().SerializeToString())]


def special(name: str, kind: int) -> zipfile.ZipInfo:
    """A member that claims to be a link, a device, …"""
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = (kind | stat.S_IRUSR) << 16
    return info
