"""The identity: the plainest entry there is."""

from pathlib import Path

from tests.entries.making import model, save


def build(folder: Path) -> Path:
    return save(model(), folder)
