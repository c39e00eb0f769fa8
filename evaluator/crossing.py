"""The variance of a mean over pairs that share contents and styles, and intervals that cover.

Pairs of one content are not independent, nor are those of one style, so n pairs say less than n
independent numbers. With σ_A², σ_B², σ_E² the variances of contents, styles and the rest, a mean
over I × J pairs has σ_A²/I + σ_B²/J + σ_E²/(IJ). The crossed resamples of ``intervals`` show
σ_A²/I + σ_B²/J + 3σ_E²/(IJ), times about (1 − 1/I) (Owen 2007, theorem 3): too wide where the rest
dominates, too narrow with few pictures, and no resampling is right for all three (McCullagh 2000,
"Resampling and exchangeable arrays", Bernoulli 6(2)). So their replicates are scaled to the
variance that the components give, with Student's t for the few pictures that they rest on.

In simulations with normal effects and 5 to 40 pictures a side such intervals cover the truth in
93 to 95 of 100 cases at 95 %. Where pictures have no effect at all they err safely, with 97: no
component is taken to be below 0. Heavy-tailed effects of few pictures (log-normal, σ = 0.8) are
covered 86 to 95 times, as by every interval that knows only the sample.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Crossing", "Spread"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Spread:
    """The variance of an estimate and the degrees of freedom that it is known with."""

    variance: float
    freedom: float

    def half_width(self, level: float) -> float:
        """How far the interval of that level reaches to either side, by Student's t."""
        from scipy.special import stdtrit  # here, since reading reports must not load scipy

        return float(stdtrit(self.freedom, (1 + level) / 2) * np.sqrt(self.variance))

    def scaled(self, replicates: Floats, value: float, level: float) -> Floats:
        """Replicates moved to lie around ``value`` and stretched to this spread.

        Their percentiles of that level are then t standard deviations off, if they are normal;
        what skewness they have they keep.
        """
        from scipy.special import ndtri

        deviation = float(replicates.std()) if len(replicates) else 0.0
        if deviation == 0:
            return np.full_like(replicates, value)
        normal = deviation * float(ndtri((1 + level) / 2))
        stretch = self.half_width(level) / normal
        return np.asarray(value + (replicates - replicates.mean()) * stretch)


@dataclass(frozen=True, slots=True, eq=False)
class Crossing:
    """Which content and which style each of n pairs has, as numbers from 0 on."""

    content: NDArray[np.int64]
    style: NDArray[np.int64]

    @classmethod
    def of(cls, contents: Sequence[str], styles: Sequence[str]) -> Crossing:
        """From the pictures' ids, one of each for every pair."""
        return cls(*(np.unique(names, return_inverse=True)[1] for names in (contents, styles)))

    def spread(self, influence: Floats) -> Spread | None:
        """Of an estimate that each pair moves by ``influence`` [n] / n; their mean is 0.

        The components are those of a two-way analysis of variance, each at least 0, with
        Satterthwaite's degrees of freedom. Where contents or styles hardly repeat, so that the
        rest cannot be told from them, it is the variance of independent pairs. None for fewer
        than two pairs.
        """
        n = len(influence)
        if n < 2:
            return None
        of_content, of_style = _of(self.content, influence), _of(self.style, influence)
        rest = self._rest(influence)
        parts = [
            (max(each.variance - rest.variance, 0.0), each.freedom)
            for each in (of_content, of_style)
            if each is not None
        ]
        parts.append((rest.variance, rest.freedom))
        total = sum(variance for variance, _ in parts)
        doubt = sum(variance**2 / freedom for variance, freedom in parts)
        return Spread(total, total**2 / doubt if doubt > 0 else n - 1)

    def _rest(self, influence: Floats) -> Spread:
        n = len(influence)
        freedom = n - self.content.max() - self.style.max() - 1
        if freedom < 1:
            return Spread(float((influence**2).sum()) / n / (n - 1), n - 1)
        left = influence - _means(self.content, influence) - _means(self.style, influence)
        return Spread(float((left**2).sum()) / freedom / n, float(freedom))


def _of(groups: NDArray[np.int64], influence: Floats) -> Spread | None:
    """The variance that the groups' totals show; None if there is one group only."""
    count = int(groups.max()) + 1
    if count < 2:
        return None
    totals = np.bincount(groups, influence) / len(influence)
    return Spread(float((totals**2).sum()) * count / (count - 1), count - 1)


def _means(groups: NDArray[np.int64], values: Floats) -> Floats:
    """Each pair's group mean."""
    found: Floats = (np.bincount(groups, values) / np.bincount(groups))[groups]
    return found
