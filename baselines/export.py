"""Exports methods as entry archives: an ONNX graph and a card, in stable bytes."""

from pathlib import Path

import onnx

from baselines.archive import write_archive
from baselines.card import Card
from baselines.method import Method

__all__ = ["export_method", "onnx_entry"]

MODEL_FILE = "model.onnx"


def export_method(method: Method, folder: Path) -> Path:
    """Write ``folder/NAME.zip``, whose card tells how near its reference it is; return its path.

    Raises ParticipantError ``baseline.parity`` if the graph is not what torch computes.
    """
    from baselines.parity import compared_entry  # which needs this module

    return compared_entry(
        method.model(),
        method.card,
        folder / f"{method.name}.zip",
        reference=method.reference,
        takes_style=True,
        tolerance=method.tolerance,
    )


def onnx_entry(model: onnx.ModelProto, card: Card, path: Path) -> Path:
    """The archive of one ONNX model and its card."""
    files = {
        "entry.toml": card.to_toml(runtime="onnx", target=MODEL_FILE).encode(),
        MODEL_FILE: model.SerializeToString(deterministic=True),
    }
    return write_archive(path, files)
