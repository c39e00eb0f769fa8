"""Exports methods as entry archives: an ONNX graph and a card, in stable bytes."""

from pathlib import Path

import onnx

from baselines.archive import write_archive
from baselines.card import Card
from baselines.method import Method

__all__ = ["export_method", "onnx_entry"]

MODEL_FILE = "model.onnx"


def export_method(method: Method, folder: Path) -> Path:
    """Write ``folder/NAME.zip`` and return its path."""
    return onnx_entry(method.model(), method.told, folder / f"{method.name}.zip")


def onnx_entry(model: onnx.ModelProto, card: Card, path: Path) -> Path:
    """The archive of one ONNX model and its card."""
    files = {
        "entry.toml": card.to_toml(runtime="onnx", target=MODEL_FILE).encode(),
        MODEL_FILE: model.SerializeToString(deterministic=True),
    }
    return write_archive(path, files)
