"""A symbolic link to a file of the host."""

import stat
from pathlib import Path

from tests.entries.making import archive, good_members, special


def build(folder: Path) -> Path:
    return archive(folder, [*good_members(), (special("weights.bin", stat.S_IFLNK), b"/etc/passwd")])
