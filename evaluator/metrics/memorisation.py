"""MiFID's memorisation distance: how far outputs stay from the nearest reference picture.

Bai et al. 2021, "On training sample memorization: lessons from benchmarking generative modeling
with a large-scale competition" (KDD), eq. 1 to 3, as in that Kaggle competition. Reference
implementation: torchmetrics' MemorizationInformedFrechetInceptionDistance, which takes the mean
over the reference pictures where paper and competition take it over the outputs; we follow these.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["MemorisationTarget", "MifidMeasure", "memorisation_distance", "mifid"]

Floats = NDArray[np.float64]
Rows = NDArray[np.floating]

BLOCK = 1024
LEAST_FID = 1e-8  # below it MiFID is 0, as in torchmetrics
LEAST_DISTANCE = 1e-14


def memorisation_distance(rows: Rows, reference: Rows) -> float:
    """The mean over rows [N, d] of 1 − |cosine| to the nearest of the reference [R, d].

    In [0, 1]; 0 where each output has the features of a reference picture. A row of zeros has
    no direction and counts as 1; the reference implementation leaves it out.
    """
    return MemorisationTarget.of(reference).value(rows)


def mifid(fid: float, distance: float, *, threshold: float) -> float:
    """FID / distance where the distance is below the threshold, FID itself elsewhere. In [0, ∞)."""
    if fid <= LEAST_FID:
        return 0.0
    return fid / (distance + LEAST_DISTANCE) if distance < threshold else fid


@dataclass(frozen=True, slots=True, eq=False)
class MemorisationTarget:
    """The directions of the reference rows."""

    directions: Floats

    @classmethod
    def of(cls, reference: Rows) -> "MemorisationTarget":
        """From rows [R, d]."""
        return cls(_directions(reference)[0])

    def value(self, rows: Rows) -> float:
        return float(self.scores(rows).mean())

    def scores(self, rows: Rows) -> Floats:
        """Each row's distance to the nearest reference row: float64 [N]; 1 without a direction."""
        found = np.ones(len(rows))
        if not len(self.directions):
            return found
        for start in range(0, len(rows), BLOCK):
            directions, kept = _directions(rows[start : start + BLOCK])
            if len(directions):
                cosines = np.abs(directions @ self.directions.T).max(axis=1)
                found[start + kept] = 1 - np.minimum(cosines, 1)
        return found


@dataclass(frozen=True, slots=True)
class MifidMeasure:
    """MiFID from a finished FID and memorisation distance."""

    threshold: float
    parts: tuple[str, ...] = ("fid", "memorisation_distance")

    def value(self, parts: tuple[float, ...]) -> float:
        fid, distance = parts
        return mifid(fid, distance, threshold=self.threshold)


def _directions(rows: Rows) -> tuple[Floats, NDArray[np.int64]]:
    """The rows that have a direction, at length 1, and their indices."""
    values = rows.astype(np.float64)
    kept = np.flatnonzero(values.any(axis=1))
    values = values[kept]
    return values / np.linalg.norm(values, axis=1, keepdims=True), kept
