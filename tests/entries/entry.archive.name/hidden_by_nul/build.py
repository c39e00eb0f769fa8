"""A name that ends early for some readers."""

from pathlib import Path

from tests.entries.making import archive, good_members


def build(folder: Path) -> Path:
    path = archive(folder, [*good_members(), ("modelX.txt", b"")])
    path.write_bytes(path.read_bytes().replace(b"modelX.txt", b"model\0.txt"))
    return path
