"""A pickled checkpoint instead of an archive."""

from pathlib import Path


def build(folder: Path) -> Path:
    path = folder / "model.pth"
    path.write_bytes(b"\x80\x02}q\x00.")
    return path
