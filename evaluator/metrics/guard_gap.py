"""The share of FID that is left, and the guard's gap: what is won in one network's eyes alone.

"When a measure becomes a target, it ceases to be a good measure" (Goodhart; Strathern 1997): an
entry trained on FID's own Inception moves features that no eye and no other network sees. FID over
that of the unstylised contents is the share of the way to the reference that is left; of an honest
entry two networks see about the same share. Ours; no reference implementation.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluator.frechet import Gaussian

__all__ = ["FidShareTarget", "GuardGapMeasure", "fid_share", "guard_gap"]

Floats = NDArray[np.float64]
Rows = NDArray[np.floating]


def fid_share(fid: float, contents_fid: float) -> float:
    """FID of the outputs over FID of the contents. In [0, ∞); 1 where nothing was gained.

    ValueError where the contents are at no distance from the reference.
    """
    if contents_fid <= 0:
        raise ValueError("the contents are the reference: no share of their distance is left")
    return fid / contents_fid


def guard_gap(share: float, guard_share: float) -> float:
    """The share that the guard sees left less the one that the first network sees left.

    In (−∞, ∞); clearly above 0 where the entry suits the first network alone.
    """
    return guard_share - share


@dataclass(frozen=True, slots=True, eq=False)
class FidShareTarget:
    """The reference set in one network's features, and how far the contents are from it."""

    reference: Gaussian
    contents: float

    @classmethod
    def of(cls, reference: Rows, contents: Rows) -> "FidShareTarget":
        """From the rows of both, [R, d] and [C, d]; ValueError as ``fid_share``."""
        target = Gaussian.of(reference)
        contents_fid = Gaussian.of(contents).distance(target)
        fid_share(0.0, contents_fid)
        return cls(target, contents_fid)

    def value(self, rows: Rows) -> float:
        return fid_share(Gaussian.of(rows).distance(self.reference), self.contents)

    @property
    def at_once(self) -> int:
        """Replicates between two signs of life: each takes up to seconds."""
        return 5

    def replicates(self, rows: Rows, weights: Floats) -> Floats:
        """The share under each of K resamples, weights [K, N]: float64 [K]."""
        return self.reference.replicates(rows, weights) / self.contents


@dataclass(frozen=True, slots=True)
class GuardGapMeasure:
    """The gap from the finished shares of both networks."""

    parts: tuple[str, ...] = ("fid_share", "fid_share_guard")

    def value(self, parts: tuple[float, ...]) -> float:
        share, guard_share = parts
        return guard_gap(share, guard_share)
