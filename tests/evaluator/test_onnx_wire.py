"""A model file is looked over before it is parsed: its cost in memory, its text, its nesting."""

import time
from pathlib import Path

import pytest
from onnx import TensorProto, helper

from evaluator.entry.onnx_wire import check_wire
from evaluator.errors import ParticipantError
from tests.entries.making import constant, model


def refusal(data: bytes, folder: Path) -> str:
    path = folder / "model.onnx"
    path.write_bytes(data)
    with pytest.raises(ParticipantError) as caught:
        check_wire(path)
    return caught.value.code.removeprefix("entry.onnx.")


def varint(value: int) -> bytes:
    digits = []
    while value > 0x7F:
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*digits, value])


def record(number: int, payload: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def test_a_real_model_passes(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    weights = constant("weights", [0.5] * 1000, TensorProto.FLOAT)
    node = helper.make_node("Mul", ["content", "weights"], ["stylized"])
    path.write_bytes(model([node], initializers=[weights]).SerializeToString())
    check_wire(path)


def test_a_flood_of_empty_nodes_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    """Two bytes each in the file, hundreds in memory: 20 MiB would take gigabytes."""
    begin = time.monotonic()
    assert refusal(record(7, record(1, b"") * (10 << 20)), tmp_path) == "memory"
    assert time.monotonic() - begin < 20


def test_small_numbers_that_swell_in_memory_are_refused(tmp_path: Path) -> None:
    tensor = record(7, bytes(40 << 20))  # int64_data, packed: a byte each, eight in memory
    assert refusal(record(7, record(5, tensor)), tmp_path) == "memory"


def test_text_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    node = record(4, b"\xff\xfe")  # op_type
    assert refusal(record(7, record(1, node)), tmp_path) == "characters"


def test_a_tower_of_graphs_is_refused(tmp_path: Path) -> None:
    graph = b""
    for _ in range(30):
        graph = record(1, record(5, record(6, graph)))  # node, attribute, graph
    assert refusal(record(7, graph), tmp_path) == "nesting"


@pytest.mark.parametrize("data", [b"", b"\x07", b"\x3a\x05ab", b"\xff" * 12, b"\x08", b"\x3b\x3c"])
def test_what_is_no_message_is_unreadable(data: bytes, tmp_path: Path) -> None:
    assert refusal(data, tmp_path) == "unreadable"
