"""A bomb: 64 MiB of zeros in 64 KiB."""

from pathlib import Path

from tests.entries.making import archive, good_members


def build(folder: Path) -> Path:
    return archive(folder, [*good_members(), ("zeros.bin", bytes(64 << 20))])
