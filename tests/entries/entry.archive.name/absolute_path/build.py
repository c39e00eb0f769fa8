"""A member with an absolute name."""

from pathlib import Path

from tests.entries.making import archive, good_members


def build(folder: Path) -> Path:
    return archive(folder, [*good_members(), ("/tmp/escaped.txt", b"gotcha")])
