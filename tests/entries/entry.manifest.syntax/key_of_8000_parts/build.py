"""A key that takes tomllib a quarter of a minute."""

from pathlib import Path

from tests.entries.making import archive


def build(folder: Path) -> Path:
    return archive(folder, [("entry.toml", b"a." * 8000 + b"a = 1")])
