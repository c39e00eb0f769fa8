"""Smooth random fields: what makes a hill roll, a wash bleed and paper have a tooth.

Value noise on coarse random grids, enlarged bicubically by Pillow, which is quick and exact.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["Field", "fractal", "grain", "line_noise", "shift"]

Field = NDArray[np.floating[Any]]


def fractal(
    rng: np.random.Generator,
    size: int,
    *,
    cells: float = 4,
    octaves: int = 3,
    gain: float = 0.5,
    aspect: float = 1.0,
) -> Field:
    """A field [size, size] of about -1..1 with ``cells`` features across, finer at each octave.

    ``aspect`` above 1 stretches the features sideways by that factor.
    """
    total = np.zeros((size, size), np.float32)
    amplitude, norm = 1.0, 0.0
    for octave in range(octaves):
        across = max(2, round(cells * 2**octave / aspect))
        down = max(2, round(cells * 2**octave))
        total += amplitude * _enlarged(rng, (down + 3, across + 3), size)
        norm += amplitude
        amplitude *= gain
    return total / np.float32(norm)


def line_noise(rng: np.random.Generator, size: int, *, cells: float, octaves: int = 3) -> Field:
    """A smooth random line [size] of about -1..1: a ridge, a shore, the hem of a cloud."""
    total = np.zeros(size, np.float32)
    for octave in range(octaves):
        knots = rng.uniform(-1, 1, (1, max(2, round(cells * 2**octave)) + 3)).astype(np.float32)
        total += 0.5**octave * _resized(knots, (size, 1))[0]
    return total / np.float32(2 - 0.5 ** (octaves - 1))


def grain(rng: np.random.Generator, size: int) -> Field:
    """White noise [size, size] in -1..1."""
    return rng.uniform(-1, 1, (size, size)).astype(np.float32)


def shift(image: NDArray[Any], down: Field, right: Field) -> NDArray[Any]:
    """Sample each pixel from ``down``, ``right`` pixels away (nearest, clamped at the border)."""
    height, width = image.shape[:2]
    rows = np.clip(np.arange(height)[:, None] + np.rint(down).astype(np.int32), 0, height - 1)
    columns = np.clip(np.arange(width)[None, :] + np.rint(right).astype(np.int32), 0, width - 1)
    return image[rows, columns]


def _enlarged(rng: np.random.Generator, shape: tuple[int, int], size: int) -> Field:
    knots = rng.uniform(-1, 1, shape).astype(np.float32)
    return _resized(knots, (size, size))


def _resized(knots: Field, size: tuple[int, int]) -> Field:
    # The outer knots only steer the bicubic slope at the border: cut them off by the box.
    height, width = knots.shape
    box = (1.0, 1.0 if height > 1 else 0.0, width - 1.0, height - 1.0 if height > 1 else 1.0)
    return np.asarray(
        Image.fromarray(knots).resize(size, Image.Resampling.BICUBIC, box=box), np.float32
    )
