"""A model exported for one size."""

from pathlib import Path

from tests.entries.making import model, save, value


def build(folder: Path) -> Path:
    size = (1, 3, 256, 256)
    return save(model(inputs=[value("content", size)], outputs=[value("stylized", size)]), folder)
