"""Colour distance: how far the output's colours are from those of the style picture.

Sliced Wasserstein distance of order 2 between the two clouds of pixels: Rabin, Peyré, Delon and
Bernot 2011, "Wasserstein barycenter and its application to texture mixing" (SSVM), eq. 5, in CIELAB
(D65, scikit-image's ``rgb2lab``), so that a step of 1 is about equally visible everywhere.
Departure: the directions are a Fibonacci lattice on the half sphere instead of random draws, which
covers it more evenly with as few and needs no seed. Where things are in the picture plays no part.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["ColourMeasure", "colour_distance", "colour_profile", "directions"]

Floats = NDArray[np.float64]

GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))


def directions(count: int) -> Floats:
    """Unit vectors spread evenly over half the sphere: float64 [count, 3]."""
    index = np.arange(count)
    height = (index + 0.5) / count
    radius = np.sqrt(1 - height**2)
    turn = GOLDEN_ANGLE * index
    return np.stack([radius * np.cos(turn), radius * np.sin(turn), height], axis=1)


def colour_profile(pixels: NDArray[np.uint8], count: int) -> Floats:
    """The picture's colours along ``count`` directions, each sorted: float64 [count, H·W].

    All that ``colour_distance`` needs of a picture, so that a style picture is sorted only once.
    """
    from skimage.color import rgb2lab

    lab = rgb2lab(pixels).reshape(-1, 3)
    profile = np.empty((count, len(lab)))
    for row, (x, y, z) in zip(profile, directions(count), strict=True):
        row[:] = x * lab[:, 0] + y * lab[:, 1] + z * lab[:, 2]
    profile.sort(axis=1)
    return profile


def colour_distance(a: Floats, b: Floats) -> float:
    """√ of the mean over directions of W₂² between two ``colour_profile``. In [0, ∞), CIELAB units.

    Exact for pictures of equally many pixels; otherwise the quantile functions are compared at the
    midpoints of as many steps as the larger has pixels.
    """
    steps = max(a.shape[1], b.shape[1])
    gaps = [_quantiles(x, steps) - _quantiles(y, steps) for x, y in zip(a, b, strict=True)]
    return math.sqrt(math.fsum(float(np.square(gap).mean()) for gap in gaps) / len(gaps))


def _quantiles(ordered: Floats, steps: int) -> Floats:
    if len(ordered) == steps:
        return ordered
    return ordered[((np.arange(steps) + 0.5) / steps * len(ordered)).astype(np.int64)]


@dataclass(frozen=True, slots=True)
class ColourMeasure:
    """The distance along so many directions."""

    directions: int

    def value(self, output: Mapping[int, Floats], style: Mapping[int, Floats]) -> float:
        """From number of directions → ``colour_profile`` of the output and of the style picture."""
        return colour_distance(output[self.directions], style[self.directions])
