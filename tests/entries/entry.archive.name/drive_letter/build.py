"""A member on a drive of its own."""

from pathlib import Path

from tests.entries.making import archive, good_members


def build(folder: Path) -> Path:
    return archive(folder, [*good_members(), ("C:escaped.txt", b"gotcha")])
