"""A member that climbs out of the folder."""

from pathlib import Path

from tests.entries.making import archive, good_members


def build(folder: Path) -> Path:
    return archive(folder, [*good_members(), ("../../escaped.txt", b"gotcha")])
