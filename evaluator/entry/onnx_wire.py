"""A model file looked over before anything parses it: what it would cost in memory, and its text.

Protobuf has no bounds of its own: two bytes of file make an empty node of some hundred bytes in
memory, so that a small archive could fill a machine. And it hands over text that is not UTF-8 as
bytes, which no name may be.
"""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from evaluator.entry.wording import quoted
from evaluator.errors import ParticipantError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.protobuf.descriptor import (  # type: ignore[import-untyped]
        Descriptor,
        FieldDescriptor,
    )

__all__ = ["check_wire"]

_MAX_MEMORY = 256 << 20
_MAX_DEPTH = 64  # protobuf itself ends at 100
# Bytes that one of each takes at most, in the parsers of Python and of the onnx checker.
_MESSAGE, _SCALAR, _TEXT = 400, 8, 40
_MAX_VARINT = 10


class _BrokenError(Exception):
    """Not the encoding of a message."""


@dataclass(slots=True)
class _Cursor:
    """Where the scan stands in the file, and what was counted until there."""

    data: mmap.mmap
    at: int = 0
    memory: int = 0

    def varint(self, end: int) -> int:
        value = 0
        for shift in range(_MAX_VARINT):
            if self.at >= end:
                raise _BrokenError
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 0x7F) << (7 * shift)
            if byte < 0x80:
                return value
        raise _BrokenError

    def skip(self, count: int, end: int) -> None:
        self.at += count
        if self.at > end:
            raise _BrokenError


def check_wire(path: Path) -> None:
    """ParticipantError ``entry.onnx.unreadable``, ``.nesting``, ``.memory`` or ``.characters``."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            _scan(_Cursor(data))
    except (_BrokenError, ValueError):  # ValueError: an empty file cannot be mapped
        _refuse("unreadable", f"{quoted(path.name)} is not an ONNX model; export it again.")


def _refuse(reason: str, sentence: str) -> NoReturn:
    raise ParticipantError(f"entry.onnx.{reason}", sentence)


def _scan(cursor: _Cursor) -> None:
    """Walk every record of the file; messages inside messages are a stack, not a recursion."""
    from onnx import ModelProto

    stack = [(len(cursor.data), _fields(ModelProto.DESCRIPTOR))]
    while stack:
        end, fields = stack[-1]
        if cursor.at == end:
            stack.pop()
        elif (inside := _record(cursor, end, fields)) is not None:
            stack.append(inside)
        if cursor.memory > _MAX_MEMORY:
            _refuse(
                "memory",
                f"The model would take more than {_MAX_MEMORY >> 20} MiB to read; keep its data "
                "as raw bytes, and simplify its graph.",
            )
        if len(stack) > _MAX_DEPTH:
            _refuse("nesting", f"The model nests more than {_MAX_DEPTH} deep; flatten its graph.")


def _record(
    cursor: _Cursor, end: int, fields: Mapping[int, FieldDescriptor]
) -> tuple[int, Mapping[int, FieldDescriptor]] | None:
    """Count one record and step over it, or into it: then the end and the fields of what it is."""
    key = cursor.varint(end)
    cursor.memory += _SCALAR
    match key & 7:  # the wire type
        case 0:
            cursor.varint(end)
        case 1:
            cursor.skip(8, end)
        case 5:
            cursor.skip(4, end)
        case 2:
            return _measured(cursor, end, fields.get(key >> 3))
        case _:
            raise _BrokenError
    return None


def _measured(
    cursor: _Cursor, end: int, field: FieldDescriptor | None
) -> tuple[int, Mapping[int, FieldDescriptor]] | None:
    """A record with a length: a message is entered, everything else is stepped over."""
    length = cursor.varint(end)
    begin = cursor.at
    if begin + length > end:
        raise _BrokenError
    if field is not None and field.message_type is not None:
        cursor.memory += _MESSAGE
        return begin + length, _fields(field.message_type)
    cursor.at = begin + length
    if field is None or field.type == field.TYPE_BYTES:
        cursor.memory += _TEXT + length
    elif field.type == field.TYPE_STRING:
        cursor.memory += _TEXT + length
        _check_text(cursor.data[begin : cursor.at])
    else:  # packed numbers, a byte each at least
        cursor.memory += _SCALAR * length if field.type not in _fixed(field) else length
    return None


def _check_text(raw: bytes) -> None:
    try:
        raw.decode()
    except UnicodeDecodeError:
        _refuse("characters", "The model holds names that are not UTF-8 text; export it again.")


def _fixed(field: FieldDescriptor) -> tuple[int, ...]:
    """The kinds of number that take as much in memory as in the file."""
    return (field.TYPE_FLOAT, field.TYPE_DOUBLE, field.TYPE_FIXED32, field.TYPE_FIXED64)


@cache
def _fields(message: Descriptor) -> Mapping[int, FieldDescriptor]:
    fields: Mapping[int, FieldDescriptor] = message.fields_by_number
    return fields
