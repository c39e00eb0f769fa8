"""Reference sets, reduced to mean and covariance factor, kept on disk between runs.

Under a digest of everything they depend on: the pictures' bytes, the weights, the engine and the
evaluator's version.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from evaluator import kept_arrays
from evaluator.frechet import Gaussian

__all__ = ["kept", "place_of"]


def place_of(*depends_on: str) -> Path:
    """The file for what depends on exactly these texts, in StyleArena's cache folder."""
    return kept_arrays.place_of("fid", *depends_on)


def kept(path: Path, compute: Callable[[], Gaussian]) -> Gaussian:
    """The set in ``path``, computed and put there if it is not, or not readable."""
    return kept_arrays.kept_arrays(
        path,
        compute,
        read=lambda arrays: Gaussian(arrays["mean"], arrays["root"], float(arrays["trace"])),
        written=lambda found: {
            "mean": found.mean,
            "root": found.root,
            "trace": np.array(found.trace),
        },
    )
