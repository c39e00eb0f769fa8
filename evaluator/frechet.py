"""The Fréchet distance of two sets of feature rows, or of their published statistics.

|μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2 (Σ₁Σ₂)^½), Dowson and Landau 1982, "The Fréchet distance between
multivariate normal distributions". ``sqrtm`` of the product is never taken: with Σ₁ = AᵀA and
Σ₂ = BᵀB its trace is the nuclear norm of A Bᵀ, which is exact where ``sqrtm`` of a nearly singular
product is not. numpy alone, float64 throughout; beyond the rows, memory does not grow with their
number.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Gaussian", "blocks_of", "frechet_distance"]

Floats = NDArray[np.float64]

BLOCK = 2048  # rows turned into float64 at a time
SMALL = 256  # dimensions below which the slowest way is quick
LEAST_PIVOT = 1e-5  # relative; below it a Cholesky factor has lost too many digits
SHARE_LOST = 1e-11  # of a distance, that squared singular values may cost


def frechet_distance(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    """The distance of the rows of ``a`` [N, d] and ``b`` [R, d]. In [0, ∞).

    N, R ≥ 2; covariances over N − 1, as numpy.cov and the reference implementations.
    """
    return Gaussian.of(a).distance(Gaussian.of(b))


@dataclass(frozen=True, slots=True, eq=False)
class Gaussian:
    """A set reduced to what every distance to it needs: its mean and covariance.

    ``root`` [r, d], r ≤ d, is a B with BᵀB = Σ: the centred rows, or a triangular factor if there
    are more rows than dimensions. ``trace`` is that of Σ.
    """

    mean: Floats
    root: Floats
    trace: float

    @classmethod
    def of(cls, rows: NDArray[np.floating]) -> "Gaussian":
        """From rows [N, d]; ValueError for fewer than two."""
        if rows.ndim != 2 or len(rows) < 2:
            raise ValueError(f"two or more feature rows are needed, not shape {rows.shape}")
        count, dims = rows.shape
        mean = _mean(rows)
        if count <= dims or (dims < SMALL and count <= BLOCK):
            centred = (rows.astype(np.float64) - mean) / np.sqrt(count - 1)
            return cls(mean, _reduced(centred), float((centred**2).sum()))
        if dims < SMALL:
            root = _stacked_qr(_centred(rows, mean)) / np.sqrt(count - 1)
            return cls(mean, root, float((root**2).sum()))
        covariance = sum(block.T @ block for block in _centred(rows, mean)) / (count - 1)
        root = _cholesky(covariance)
        if root is None:
            root = _stacked_qr(_centred(rows, mean)) / np.sqrt(count - 1)
        return cls(mean, root, float(np.trace(covariance)))

    @classmethod
    def of_statistics(cls, mu: NDArray[np.floating], sigma: NDArray[np.floating]) -> "Gaussian":
        """From a mean [d] and covariance [d, d], as pytorch-fid keeps them.

        Raises ValueError for other shapes, values that are not finite, and a ``sigma`` that is no
        covariance.
        """
        mean, covariance = np.asarray(mu, np.float64), np.asarray(sigma, np.float64)
        if mean.ndim != 1 or covariance.shape != (len(mean), len(mean)):
            raise ValueError(f"mu {mean.shape} and sigma {covariance.shape} do not belong together")
        if not (np.isfinite(mean).all() and np.isfinite(covariance).all()):
            raise ValueError("mu or sigma hold values that are not finite")
        slack = 1e-6 * np.abs(covariance).max(initial=0.0)
        if not np.allclose(covariance, covariance.T, rtol=1e-6, atol=slack):
            raise ValueError("sigma is no covariance: it is not symmetric")
        root = _cholesky(covariance)
        if root is None:
            root = _symmetric_root(covariance)
        return cls(mean, root, float(np.trace(covariance)))

    @property
    def covariance(self) -> Floats:
        """Σ [d, d]."""
        return self.root.T @ self.root

    def distance(self, other: "Gaussian") -> float:
        """The Fréchet distance; ValueError between different numbers of dimensions."""
        if len(self.mean) != len(other.mean):
            raise ValueError(
                f"features of {len(self.mean)} and {len(other.mean)} dimensions have no distance"
            )
        gap = self.mean - other.mean
        rest = float(gap @ gap) + self.trace + other.trace
        cross = self.root @ other.root.T
        found = _quick_nuclear(cross)
        if found is not None:
            value, error = found
            if 2 * error <= SHARE_LOST * (rest - 2 * value):
                return rest - 2 * value
        return _not_negative(rest - 2 * _nuclear(cross))

    def replicates(self, rows: NDArray[np.floating], weights: Floats) -> Floats:
        """The distance to rows [N, d] under each of K resamples, weights [K, N]: float64 [K].

        A row that is drawn w times counts w times in mean and covariance. The product with ``root``
        is taken once, so that a replicate costs nothing that grows with d; of more rows than fit a
        block each replicate is made from its covariance, so that memory does not grow with N.
        """
        if len(rows) > max(BLOCK, rows.shape[1]):
            return np.array([self._of_many(rows, w) for w in weights], dtype=np.float64)
        values = rows.astype(np.float64)
        centre = values.mean(axis=0)
        centred = values - centre
        cross = centred @ self.root.T
        lengths = (centred**2).sum(axis=1)
        gap = centre - self.mean
        return np.array(
            [self._replicate(w, centred, cross, lengths, gap) for w in weights], dtype=np.float64
        )

    def _of_many(self, rows: NDArray[np.floating], weights: Floats) -> float:
        """A replicate from sums of the size of a covariance, over blocks of the rows."""
        count, dims = float(weights.sum()), rows.shape[1]
        mean, covariance = np.zeros(dims), np.zeros((dims, dims))
        for block, times in _drawn(rows, weights):
            mean += times @ block / count
        for block, times in _drawn(rows, weights):
            scaled = np.sqrt(times / (count - 1))[:, None] * (block - mean)
            covariance += scaled.T @ scaled
        # The singular values of the rows' product with the root are roots of its eigenvalues.
        squares = np.linalg.eigvalsh(self.root @ covariance @ self.root.T)
        nuclear = float(np.sqrt(np.clip(squares, 0, None)).sum())
        gap = mean - self.mean
        rest = float(gap @ gap) + float(np.trace(covariance)) + self.trace
        return _not_negative(rest - 2 * nuclear)

    def _replicate(
        self, weights: Floats, centred: Floats, cross: Floats, lengths: Floats, gap: Floats
    ) -> float:
        count = weights.sum()
        shares = weights / count
        shift = shares @ centred
        trace = float(count / (count - 1) * (shares @ lengths - shift @ shift))
        drawn = weights > 0
        scale = np.sqrt(weights[drawn] / (count - 1))[:, None]
        nuclear = _spread_nuclear(scale * (cross[drawn] - shares @ cross))
        moved = gap + shift
        return _not_negative(float(moved @ moved) + trace + self.trace - 2 * nuclear)


def blocks_of(rows: NDArray[np.floating], size: int = BLOCK) -> Iterator[Floats]:
    """The rows as float64, at most ``size`` at a time."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size].astype(np.float64)


def _mean(rows: NDArray[np.floating]) -> Floats:
    if len(rows) <= BLOCK:
        return np.asarray(rows.astype(np.float64).mean(axis=0))
    return np.asarray(sum(block.sum(axis=0) for block in blocks_of(rows)) / len(rows))


def _centred(rows: NDArray[np.floating], mean: Floats) -> Iterator[Floats]:
    return (block - mean for block in blocks_of(rows))


def _drawn(rows: NDArray[np.floating], weights: Floats) -> Iterator[tuple[Floats, Floats]]:
    """The rows drawn at least once, in float64 blocks, and how often each was."""
    for start in range(0, len(rows), BLOCK):
        times = weights[start : start + BLOCK]
        drawn = times > 0
        yield rows[start : start + BLOCK][drawn].astype(np.float64), times[drawn]


def _reduced(rows: Floats) -> Floats:
    """A matrix of at most d rows with the same Gram matrix RᵀR = AᵀA, for centred rows A.

    Centring leaves one row too many, whose singular value of 0 squaring would blur (see
    ``_quick_nuclear``): a Householder reflection of the N rows that takes (1, …, 1) to the first
    axis turns the first row to 0 and adds its share to the others.
    """
    if SMALL < rows.shape[0] <= rows.shape[1]:
        return np.asarray(rows[1:] + rows[0] / (np.sqrt(len(rows)) - 1))
    if rows.shape[0] <= rows.shape[1]:
        return rows
    return np.asarray(np.linalg.qr(rows, mode="r"))


def _stacked_qr(blocks: Iterator[Floats]) -> Floats:
    """The triangular factor of all blocks together, one at a time."""
    factor = next(blocks)
    for block in blocks:
        factor = np.asarray(np.linalg.qr(np.concatenate([factor, block]), mode="r"))
    return factor


def _cholesky(covariance: Floats) -> Floats | None:
    """The factor R with RᵀR = Σ; None where too little of it would be left by rounding."""
    try:
        root: Floats = np.linalg.cholesky(covariance).T.astype(np.float64, copy=False)
    except np.linalg.LinAlgError:
        return None
    pivots = np.abs(np.diagonal(root))
    return root if pivots.min() > LEAST_PIVOT * pivots.max() else None


def _symmetric_root(covariance: Floats) -> Floats:
    """R [r, d] with RᵀR = Σ of a singular Σ; ValueError if an eigenvalue is truly negative.

    What rounding leaves in place of an eigenvalue of 0 is dropped: its root would be 10⁸ times it.
    """
    values, vectors = np.linalg.eigh(covariance)
    largest = max(values[-1], 0.0)
    if values[0] < -1e-6 * largest:
        raise ValueError("sigma is no covariance: it has negative eigenvalues")
    real = values > len(values) * np.finfo(np.float64).eps * largest
    return np.asarray(np.sqrt(values[real])[:, None] * vectors[:, real].T)


def _not_negative(distance: float) -> float:
    """Rounding leaves a distance of 0 at ±1e-13 of the traces; below 0 it can mean nothing else."""
    return max(0.0, distance)


def _nuclear(matrix: Floats) -> float:
    """The sum of the singular values."""
    return float(np.linalg.svd(matrix, compute_uv=False).sum())


def _quick_nuclear(matrix: Floats) -> tuple[float, float] | None:
    """The nuclear norm by the eigenvalues of M Mᵀ and a bound of its error; None if M is small.

    Several times quicker than singular values. Squaring costs what is below √ε of the largest:
    an eigenvalue λ is known up to a few ε of the largest, its root up to that over 2√λ.
    """
    if min(matrix.shape) < SMALL:
        return None
    gram = matrix @ matrix.T if matrix.shape[0] <= matrix.shape[1] else matrix.T @ matrix
    eigenvalues = np.clip(np.linalg.eigvalsh(gram), 0, None)
    unsure = 4 * np.finfo(np.float64).eps * eigenvalues[-1]
    roots = np.sqrt(eigenvalues)
    errors = np.minimum(unsure / np.maximum(2 * roots, np.sqrt(unsure)), np.sqrt(unsure))
    return float(roots.sum()), float(errors.sum())


def _spread_nuclear(matrix: Floats) -> float:
    """The nuclear norm to the digits that the spread of replicates needs."""
    found = _quick_nuclear(matrix)
    return found[0] if found is not None else _nuclear(matrix)
