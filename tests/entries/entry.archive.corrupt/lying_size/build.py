"""A member that declares fewer bytes than it unpacks to."""

from pathlib import Path

from tests.entries.making import archive, good_members


def build(folder: Path) -> Path:
    path = archive(folder, [*good_members(), ("notes.txt", b"12345678" * 100)])
    data = path.read_bytes()
    size = (800).to_bytes(4, "little")
    path.write_bytes(data.replace(size, (100).to_bytes(4, "little")))
    return path
