"""FID: Fréchet distance of the features of a set of pictures to those of a reference set.

Heusel et al. 2017, "GANs trained by a two time-scale update rule converge to a local Nash
equilibrium" (NeurIPS), eq. 6; reference implementation pytorch-fid. Departure: the square root of
the product of covariances is never formed (``frechet``). sFID and clean-FID are the same distance
of other features: which ones says the stream of the metric.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluator.frechet import Gaussian, frechet_distance

__all__ = ["FidReference", "frechet_distance"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FidReference:
    """FID to one reference set, which is reduced to its mean and covariance once."""

    gaussian: Gaussian

    @classmethod
    def of(cls, features: NDArray[np.floating]) -> "FidReference":
        """From features [R, d]; ValueError for fewer than two rows."""
        return cls(Gaussian.of(features))

    @classmethod
    def of_statistics(cls, mu: NDArray[np.floating], sigma: NDArray[np.floating]) -> "FidReference":
        """From a published mean and covariance; ValueError as ``Gaussian.of_statistics``."""
        return cls(Gaussian.of_statistics(mu, sigma))

    def value(self, rows: NDArray[np.floating]) -> float:
        """FID of rows [N, d] to the reference. In [0, ∞)."""
        return Gaussian.of(rows).distance(self.gaussian)

    @property
    def at_once(self) -> int:
        """Replicates between two signs of life: each takes up to seconds."""
        return 5

    def replicates(self, rows: NDArray[np.floating], weights: Floats) -> Floats:
        """FID under each of K resamples: rows [N, d], weights [K, N] to float64 [K]."""
        return self.gaussian.replicates(rows, weights)
