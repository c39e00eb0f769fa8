"""Density and coverage: how deep in the reference the outputs lie, and how much of it they reach.

Naeem et al. 2020, "Reliable fidelity and diversity metrics for generative models" (ICML), eq. 3
and 4; k = 5 there. Reference implementation: the package prdc, whose balls are open (<) where those
of precision and recall are closed. Departure: distances in float64, block by block.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluator.neighbours import radii, squared_distances

__all__ = ["CoverageTarget", "DensityTarget", "coverage", "density"]

Floats = NDArray[np.float64]
Rows = NDArray[np.floating]


def density(rows: Rows, reference: Rows, *, k: int) -> float:
    """How many balls of the reference [R, d] hold a row of [N, d], over k; R > k.

    In [0, R/k]; about 1 for two samples of one distribution.
    """
    return DensityTarget.of(reference, k).value(rows)


def coverage(rows: Rows, reference: Rows, *, k: int) -> float:
    """The share of the reference's balls that hold at least one row; R > k. In [0, 1]."""
    return CoverageTarget.of(reference, k).value(rows)


@dataclass(frozen=True, slots=True, eq=False)
class DensityTarget:
    """Density in the balls of one reference set, found once."""

    reference: Rows
    reach: Floats
    k: int

    @classmethod
    def of(cls, reference: Rows, k: int) -> "DensityTarget":
        """From rows [R, d]; ValueError unless R > k."""
        return cls(reference, radii(reference, k), k)

    def value(self, rows: Rows) -> float:
        return float(self.scores(rows).mean())

    def scores(self, rows: Rows) -> Floats:
        """The number of balls around each row, over k: their mean is the density."""
        found = np.empty(len(rows))
        for part, distances in squared_distances(rows, self.reference):
            found[part] = (distances < self.reach).sum(axis=1) / self.k
        return found


@dataclass(frozen=True, slots=True, eq=False)
class CoverageTarget:
    """Coverage of the balls of one reference set, found once."""

    reference: Rows
    reach: Floats

    @classmethod
    def of(cls, reference: Rows, k: int) -> "CoverageTarget":
        """From rows [R, d]; ValueError unless R > k."""
        return cls(reference, radii(reference, k))

    def value(self, rows: Rows) -> float:
        return float(self.replicates(rows, np.ones((1, len(rows))))[0])

    def replicates(self, rows: Rows, weights: Floats) -> Floats:
        """Coverage by the rows drawn in each of K resamples, weights [K, N]: float64 [K]."""
        drawn = (weights > 0).astype(np.float32).T
        reached = np.zeros(len(weights))
        for part, distances in squared_distances(self.reference, rows):
            within = (distances < self.reach[part, None]).astype(np.float32)
            reached += (within @ drawn > 0).sum(axis=0)
        return reached / len(self.reference)
