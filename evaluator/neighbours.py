"""Distances between sets of feature rows, a block at a time, and each row's k-th neighbour.

The matrix of all distances is never held: memory does not grow with the number of rows beyond the
rows themselves and a few float64 copies of one set.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

__all__ = ["radii", "squared_distances"]

Floats = NDArray[np.float64]
Rows = NDArray[np.floating]

BLOCK = 512


def squared_distances(a: Rows, b: Rows) -> Iterator[tuple[slice, Floats]]:
    """For each block of rows of ``a`` [N, d] its squared distances to all of ``b`` [R, d].

    Euclidean, float64 [block, R]. Both sets are moved by the mean of ``b`` first, which leaves
    distances alone and their rounding small; a row that is in both has a distance of exactly 0.
    """
    centre = b.astype(np.float64).mean(axis=0)
    right = b.astype(np.float64) - centre
    lengths = (right**2).sum(axis=1)
    for start in range(0, len(a), BLOCK):
        part = slice(start, start + BLOCK)
        left = a[part].astype(np.float64) - centre
        own = (left**2).sum(axis=1)[:, None]
        found = own + lengths - 2 * (left @ right.T)
        found[found < 1e-12 * (own + lengths)] = 0.0
        yield part, found


def radii(rows: Rows, k: int) -> Floats:
    """The squared distance of each row to its k-th nearest other row: float64 [N].

    ValueError unless there are more than k rows.
    """
    if not 1 <= k < len(rows):
        raise ValueError(f"{len(rows)} rows have no {k}-th neighbours")
    found = np.empty(len(rows))
    for part, distances in squared_distances(rows, rows):
        here = np.arange(part.start, part.start + len(distances))
        distances[here - part.start, here] = 0.0
        found[part] = np.partition(distances, k, axis=1)[:, k]
    return found
