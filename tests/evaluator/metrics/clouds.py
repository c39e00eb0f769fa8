"""Feature rows for the tests of set metrics: like a network's, not negative, with a spectrum."""

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float32]


def cloud(seed: int, count: int, dims: int, *, shift: float = 0.0) -> Rows:
    """``count`` rows float32 [count, dims] of one distribution for all seeds."""
    mix = np.random.default_rng(99).normal(size=(dims, dims)) / np.sqrt(dims)
    noise = np.random.default_rng(seed).normal(size=(count, dims))
    return np.abs(noise * np.exp(-np.linspace(0, 4, dims)) @ mix + shift).astype(np.float32)


def towards(rows: Rows, share: float, target: Rows) -> Rows:
    """Each row that share of the way to its counterpart."""
    return (1 - share) * rows + share * target[: len(rows)]
