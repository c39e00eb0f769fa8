"""Five thousand empty files."""

from pathlib import Path

from tests.entries.making import archive, good_members


def build(folder: Path) -> Path:
    many = [(f"notes/{number}.txt", b"") for number in range(5000)]
    return archive(folder, [*good_members(), *many])
