"""Tensor data of an ONNX model, held inside or beside it: it must be there, and all of it.

onnxruntime and onnx.checker follow links and trust offsets; here only a plain file of the archive,
with the bytes that the tensor's shape asks for, is let through.
"""

from __future__ import annotations

import stat
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NoReturn

from evaluator.entry.wording import quoted
from evaluator.errors import ParticipantError

if TYPE_CHECKING:
    from onnx import TensorProto

__all__ = ["check_external"]

_KEYS = {"location", "offset", "length", "checksum"}
_MAX_ELEMENTS = 1 << 34


def check_external(tensor: TensorProto, folder: Path, root: Path) -> str | None:
    """Check where ``tensor`` keeps its data; ``folder`` holds the model, ``root`` the archive.

    Returns the name of the external file, as the model writes it, or None for data inside.

    Raises ParticipantError ``entry.onnx.external_data`` or ``entry.onnx.tensor``.
    """
    from onnx import TensorProto as T

    if any(size < 0 for size in tensor.dims) or _elements(tensor) > _MAX_ELEMENTS:
        _refuse("tensor", tensor, "has an impossible shape; export the model again")
    if tensor.data_location == T.EXTERNAL:
        return _check_location(tensor, folder, root)
    elif tensor.external_data:
        _refuse("tensor", tensor, "keeps its data in two places; export the model again")
    elif tensor.raw_data and len(tensor.raw_data) != _bytes(tensor):
        _refuse("tensor", tensor, "does not hold as much data as its shape says; export it again")
    return None


def _refuse(reason: str, tensor: TensorProto, sentence: str) -> NoReturn:
    raise ParticipantError(
        f"entry.onnx.{reason}", f"The model's tensor {quoted(tensor.name, 60)} {sentence}."
    )


def _check_location(tensor: TensorProto, folder: Path, root: Path) -> str:
    values = {entry.key: entry.value for entry in tensor.external_data}
    if not values.keys() <= _KEYS or len(values) < len(tensor.external_data):
        _refuse("external_data", tensor, "describes its external data oddly; export it again")
    location = PurePosixPath(values.get("location", ""))
    if location.is_absolute() or ".." in location.parts or "\\" in str(location):
        _refuse(
            "external_data",
            tensor,
            "keeps its data outside the archive; export with the data inside the model",
        )
    size = _file_size(folder.joinpath(*location.parts), root)
    if size is None:
        _refuse(
            "external_data",
            tensor,
            f"keeps its data in {quoted(str(location), 60)}, which is not in the archive; add "
            "that file, or export with the data inside the model",
        )
    _check_range(tensor, values, size)
    return str(values["location"])


def _file_size(path: Path, root: Path) -> int | None:
    """The size of a plain file with a single name inside ``root``, else None."""
    try:
        found = path.lstat()
    except (OSError, ValueError):  # ValueError: a name that no file can have
        return None
    plain = stat.S_ISREG(found.st_mode) and found.st_nlink == 1
    inside = path.resolve().is_relative_to(root.resolve())
    return found.st_size if plain and inside else None


def _check_range(tensor: TensorProto, values: dict[str, str], size: int) -> None:
    offset, length = values.get("offset", "0"), values.get("length", "")
    whole = [text for text in (offset, length or "0") if text.isascii() and text.isdigit()]
    if len(whole) < 2 or max(len(text) for text in whole) > 18:
        _refuse("external_data", tensor, "has an offset or length that is not a whole number")
    start, count = int(offset), int(length) if length else size - int(offset)
    if start + count > size or count != _bytes(tensor):
        _refuse(
            "external_data",
            tensor,
            f"asks for {_bytes(tensor)} bytes that its external data does not hold there; "
            "export it again",
        )


def _elements(tensor: TensorProto) -> int:
    count = 1
    for size in tensor.dims:
        count *= size
    return count


def _bytes(tensor: TensorProto) -> int:
    """Bytes of the raw form; types of less than a byte are packed, unknown types hold nothing."""
    from onnx import TensorProto as T
    from onnx.helper import tensor_dtype_to_np_dtype

    packed = {"INT4": 2, "UINT4": 2, "FLOAT4E2M1": 2, "INT2": 4, "UINT2": 4}
    kind = T.DataType.Name(tensor.data_type) if tensor.data_type in T.DataType.values() else ""
    if kind in packed:
        return -(-_elements(tensor) // packed[kind])
    if kind in {"", "UNDEFINED", "STRING"}:
        return 0
    return _elements(tensor) * int(tensor_dtype_to_np_dtype(tensor.data_type).itemsize)
