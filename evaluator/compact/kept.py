"""Pictures that were made once, in a file that an interruption leaves whole or not there."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

__all__ = ["kept_pictures"]


def kept_pictures(path: Path, make: Callable[[], NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """What ``make`` gave once, read from the file ``path`` as it is asked for."""
    if not path.exists():
        part = path.with_suffix(".part.npy")
        np.save(part, make())
        part.replace(path)
    pictures: NDArray[np.uint8] = np.load(path, mmap_mode="r")
    return pictures
