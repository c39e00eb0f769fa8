"""A pickle by the name of a model."""

from pathlib import Path


def build(folder: Path) -> Path:
    path = folder / "model.onnx"
    path.write_bytes(b"\x80\x02}q\x00.")
    return path
