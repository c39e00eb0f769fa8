"""Precision and recall: what share of each set lies within the manifold of the other.

Kynkäänniemi et al. 2019, "Improved precision and recall metric for assessing generative models"
(NeurIPS), eq. 1 and 2; k = 3 there. Reference implementation: torch-fidelity's prc. A manifold is
the union of balls around the rows that reach to their k-th neighbours. Departure: distances in
float64, block by block.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluator.neighbours import radii, squared_distances

__all__ = ["PrecisionTarget", "RecallTarget", "precision", "recall"]

Floats = NDArray[np.float64]
Rows = NDArray[np.floating]


def precision(rows: Rows, reference: Rows, *, k: int) -> float:
    """The share of rows [N, d] within the manifold of the reference [R, d]; R > k. In [0, 1]."""
    return PrecisionTarget.of(reference, k).value(rows)


def recall(rows: Rows, reference: Rows, *, k: int) -> float:
    """The share of the reference within the manifold of the rows; N > k. In [0, 1]."""
    return RecallTarget(reference, k).value(rows)


@dataclass(frozen=True, slots=True, eq=False)
class PrecisionTarget:
    """Precision in the manifold of one reference set, found once."""

    reference: Rows
    reach: Floats

    @classmethod
    def of(cls, reference: Rows, k: int) -> "PrecisionTarget":
        """From rows [R, d]; ValueError unless R > k."""
        return cls(reference, radii(reference, k))

    def value(self, rows: Rows) -> float:
        return float(self.scores(rows).mean())

    def scores(self, rows: Rows) -> Floats:
        """1 for each row within the manifold, 0 for others: their mean is the precision."""
        found = np.empty(len(rows))
        for part, distances in squared_distances(rows, self.reference):
            found[part] = (distances <= self.reach).any(axis=1)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class RecallTarget:
    """Recall of one reference set."""

    reference: Rows
    k: int

    def value(self, rows: Rows) -> float:
        return float(self.replicates(rows, np.ones((1, len(rows))))[0])

    def replicates(self, rows: Rows, weights: Floats) -> Floats:
        """Recall by the rows drawn in each of K resamples, weights [K, N]: float64 [K].

        A ball keeps the radius that it has among all rows: of copies each would have none.
        """
        reach = radii(rows, self.k)
        drawn = (weights > 0).astype(np.float32).T
        reached = np.zeros(len(weights))
        for _, distances in squared_distances(self.reference, rows):
            within = (distances <= reach).astype(np.float32)
            reached += (within @ drawn > 0).sum(axis=0)
        return reached / len(self.reference)
