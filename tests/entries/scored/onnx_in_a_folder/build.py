"""A folder zipped on a Mac."""

from pathlib import Path

from tests.entries.making import archive, good_members


def build(folder: Path) -> Path:
    members = [(f"my-method/{name}", data) for name, data in good_members()]
    return archive(folder, [*members, ("__MACOSX/my-method/._entry.toml", b"")])
