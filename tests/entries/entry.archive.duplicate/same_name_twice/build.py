"""Two manifests: which one is checked, and which one is used?"""

import warnings
from pathlib import Path

from tests.entries.making import archive, good_members


def build(folder: Path) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return archive(folder, [*good_members(), ("entry.toml", b"name = 'other'")])
