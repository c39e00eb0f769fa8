"""An upload that broke off."""

from pathlib import Path

from tests.entries.making import archive, good_members


def build(folder: Path) -> Path:
    path = archive(folder, good_members())
    path.write_bytes(path.read_bytes()[:-30])
    return path
