"""An operator set that nobody knows."""

from pathlib import Path

from tests.entries.making import model, save


def build(folder: Path) -> Path:
    return save(model(opset=9999), folder)
