"""A member behind a password."""

from pathlib import Path

from tests.entries.making import archive, good_members


def build(folder: Path) -> Path:
    path = archive(folder, good_members())
    data = bytearray(path.read_bytes())
    for record, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(record) + flags] |= 1
    path.write_bytes(data)
    return path
