"""A node that makes the runtime open a file."""

from pathlib import Path

from onnx import helper

from tests.entries.making import model, save


def build(folder: Path) -> Path:
    node = helper.make_node("EPContext", ["content"], ["stylized"], ep_cache_context="/etc/passwd")
    return save(model([node]), folder)
