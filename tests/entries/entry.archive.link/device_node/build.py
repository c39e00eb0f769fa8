"""A character device."""

import stat
from pathlib import Path

from tests.entries.making import archive, good_members, special


def build(folder: Path) -> Path:
    return archive(folder, [*good_members(), (special("memory", stat.S_IFCHR), b"")])
