"""Folders in folders in folders."""

from pathlib import Path

from tests.entries.making import archive, good_members


def build(folder: Path) -> Path:
    return archive(folder, [*good_members(), ("a/" * 40 + "b", b"")])
