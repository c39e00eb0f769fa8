"""FID∞: FID without the bias of the number of outputs, extrapolated to infinitely many.

Chong and Forsyth 2020, "Effectively unbiased FID and Inception score and where to find them"
(CVPR), algorithm 1: FID of N rows is nearly linear in 1/N; the intercept of a line through FID at
several N is the estimate. Reference implementation: mchong6/FID_IS_infinity. Departure: at each
size as many disjoint subsets as fit are averaged instead of one, which takes the noise of small
subsets out of the line. The bias that the finite reference set brings stays in.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluator.frechet import Gaussian

__all__ = ["FidInfinityTarget", "fid_infinity"]

Rows = NDArray[np.floating]


def fid_infinity(
    rows: Rows, reference: Gaussian, *, points: int, smallest: int, seed: int
) -> float:
    """The intercept of the line through FID at ``points`` sizes from ``smallest`` to N.

    Rows [N, d], N > ``smallest`` ≥ 2; subsets are drawn with ``seed``. In (−∞, ∞). ValueError for
    too few rows or points.
    """
    if not 2 <= smallest < len(rows) or points < 2:
        raise ValueError(
            f"{points} sizes from {smallest} on make no line through FID of {len(rows)} rows"
        )
    random = np.random.RandomState(seed)  # numpy promises its stream for good
    sizes = np.unique(np.linspace(smallest, len(rows), points).round().astype(np.int64))
    means = [_mean_at(rows[random.permutation(len(rows))], int(size), reference) for size in sizes]
    _, intercept = np.polyfit(1 / sizes, means, 1)
    return float(intercept)


@dataclass(frozen=True, slots=True, eq=False)
class FidInfinityTarget:
    """FID∞ to one reference set."""

    reference: Gaussian
    points: int
    smallest: int
    seed: int

    def value(self, rows: Rows) -> float:
        """FID∞ of rows [N, d]."""
        return fid_infinity(
            rows, self.reference, points=self.points, smallest=self.smallest, seed=self.seed
        )


def _mean_at(shuffled: Rows, size: int, reference: Gaussian) -> float:
    """FID of subsets of that size, averaged over as many disjoint ones as there are."""
    starts = range(0, len(shuffled) - size + 1, size)
    subsets = [Gaussian.of(shuffled[start : start + size]) for start in starts]
    return float(np.mean([subset.distance(reference) for subset in subsets]))
