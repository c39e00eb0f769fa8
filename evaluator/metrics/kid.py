"""KID: squared maximum mean discrepancy of the features of two sets, without bias.

Bińkowski et al. 2018, "Demystifying MMD GANs" (ICLR), section 4: kernel (xᵀy / d + 1)³, eq. 4 for
the estimate. Reference implementations: torch-fidelity and torchmetrics, which average 100 random
subsets of 1,000. ``kid`` is the estimate on all rows, what that average tends to with the number
of subsets, without their noise; ``kid_subsets`` draws the very subsets of torch-fidelity.
Departure: kernels are summed in blocks, in float64.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["KidSubsetsTarget", "KidTarget", "kid", "kid_subsets"]

Floats = NDArray[np.float64]
Rows = NDArray[np.floating]

BLOCK = 1024  # rows a side of the kernel matrices that are held


def kid(a: Rows, b: Rows) -> float:
    """The unbiased estimate on all rows of ``a`` [N, d] and ``b`` [R, d]; N, R ≥ 2.

    In (−∞, ∞): slightly below 0 where the two sets are alike.
    """
    return KidTarget.of(b).value(a)


def kid_subsets(a: Rows, b: Rows, *, subsets: int, size: int, seed: int) -> tuple[float, float]:
    """Mean and standard deviation of the estimate over random subsets of ``size`` rows of each.

    The subsets are those of torch-fidelity 0.3 for ``rng_seed=seed``. ValueError if a set is
    smaller.
    """
    if min(len(a), len(b)) < size:
        raise ValueError(f"subsets of {size} cannot be drawn from {min(len(a), len(b))} rows")
    random = np.random.RandomState(seed)  # numpy promises its stream for good
    found = [
        kid(
            a[random.choice(len(a), size, replace=False)],
            b[random.choice(len(b), size, replace=False)],
        )
        for _ in range(subsets)
    ]
    return float(np.mean(found)), float(np.std(found))


@dataclass(frozen=True, slots=True, eq=False)
class KidTarget:
    """The reference rows and what they have in common with themselves."""

    reference: Rows
    within: float

    @classmethod
    def of(cls, reference: Rows) -> "KidTarget":
        """From rows [R, d]; ValueError for fewer than two."""
        return cls(reference, float(_means_within(reference).mean()))

    def value(self, rows: Rows) -> float:
        """The estimate for rows [N, d]."""
        own, shared = _means_within(rows), _means_across(rows, self.reference)
        return float(own.mean() - 2 * shared.mean()) + self.within

    def influence(self, rows: Rows) -> Floats:
        """How far each row moves the estimate, to first order: float64 [N], of mean 0."""
        moved = 2 * (_means_within(rows) - _means_across(rows, self.reference))
        return np.asarray(moved - moved.mean())

    def replicates(self, rows: Rows, weights: Floats) -> Floats:
        """The estimate under each of K resamples, weights [K, N]: float64 [K].

        Copies of one row are not compared with each other: as a set of its own a resample would
        seem to hold pictures that are too much alike.
        """
        total = weights.sum(axis=1)
        pairs = total**2 - (weights**2).sum(axis=1)
        shared = weights @ _means_across(rows, self.reference) / total
        return np.asarray(_weighted_within(rows, weights) / pairs - 2 * shared + self.within)


@dataclass(frozen=True, slots=True, eq=False)
class KidSubsetsTarget:
    """The mean over subsets; its spread is that of the estimate it averages to."""

    whole: KidTarget
    subsets: int
    size: int
    seed: int

    def value(self, rows: Rows) -> float:
        """The mean over the subsets, for rows [N, d]."""
        return kid_subsets(
            rows, self.whole.reference, subsets=self.subsets, size=self.size, seed=self.seed
        )[0]

    def influence(self, rows: Rows) -> Floats:
        return self.whole.influence(rows)

    def replicates(self, rows: Rows, weights: Floats) -> Floats:
        return self.whole.replicates(rows, weights)


def _kernel(a: Floats, b: Floats) -> Floats:
    return np.asarray((a @ b.T / a.shape[1] + 1) ** 3)


def _blocks(rows: Rows) -> Iterator[tuple[slice, Floats]]:
    for start in range(0, len(rows), BLOCK):
        part = slice(start, start + BLOCK)
        yield part, rows[part].astype(np.float64)


def _kernels_within(rows: Rows) -> Iterator[tuple[slice, slice, Floats]]:
    """The kernel matrix of the rows, block by block, with 0 for each row and itself."""
    for across, left in _blocks(rows):
        for down, right in _blocks(rows):
            kernel = _kernel(left, right)
            if across == down:
                np.fill_diagonal(kernel, 0.0)
            yield across, down, kernel


def _means_within(rows: Rows) -> Floats:
    """The mean kernel of each row with all others: float64 [N]."""
    if len(rows) < 2:
        raise ValueError(f"two or more feature rows are needed, not {len(rows)}")
    sums = np.zeros(len(rows))
    for across, _, kernel in _kernels_within(rows):
        sums[across] += kernel.sum(axis=1)
    return sums / (len(rows) - 1)


def _means_across(rows: Rows, reference: Rows) -> Floats:
    """The mean kernel of each row with those of the reference: float64 [N]."""
    sums = np.zeros(len(rows))
    for part, left in _blocks(rows):
        for _, right in _blocks(reference):
            sums[part] += _kernel(left, right).sum(axis=1)
    return sums / len(reference)


def _weighted_within(rows: Rows, weights: Floats) -> Floats:
    """Σ w_i w_j k(x_i, x_j) over i ≠ j for each resample: float64 [K]."""
    sums = np.zeros(len(weights))
    for across, down, kernel in _kernels_within(rows):
        sums += ((weights[:, across] @ kernel) * weights[:, down]).sum(axis=1)
    return sums
