"""What a picture is painted on, and how light falls on it: paper tooth, canvas weave, relief."""

import numpy as np
from scipy.ndimage import gaussian_filter

from evaluator.demo.painting.noise import Field, fractal, grain

__all__ = ["canvas_weave", "finished", "paper_tooth", "relief", "wood_grain"]


def paper_tooth(rng: np.random.Generator, size: int, *, coarse: float = 1.3) -> Field:
    """The height of rough paper, about -1..1: fine tooth over slow cockling."""
    tooth = gaussian_filter(grain(rng, size), coarse)
    tooth /= np.float32(tooth.std() * 2.5)
    return np.asarray(np.clip(0.8 * tooth + 0.2 * fractal(rng, size, cells=9), -1, 1), np.float32)


def canvas_weave(rng: np.random.Generator, size: int, *, thread: float = 5.0) -> Field:
    """The height of a woven canvas, about -1..1: warp and weft with uneven threads."""
    wobble = 1.2 * fractal(rng, size, cells=14, octaves=2)
    rows, columns = np.mgrid[0:size, 0:size].astype(np.float32)
    turn = np.float32(2 * np.pi / thread)
    weave = np.sin((columns + wobble) * turn) * np.sin((rows + wobble) * turn)
    return np.asarray(0.75 * weave + 0.25 * grain(rng, size), np.float32)


def wood_grain(rng: np.random.Generator, size: int, *, rings: float = 26) -> Field:
    """Long fibres of a plank running sideways, 0..1, with the wander of its year rings."""
    wander = fractal(rng, size, cells=5, octaves=2, aspect=5)
    rows = np.linspace(0, 1, size, dtype=np.float32)[:, None]
    bands = np.sin((rows * rings + 3.2 * wander) * np.float32(2 * np.pi))
    fibre = fractal(rng, size, cells=170, octaves=1, aspect=24)
    return np.clip(0.5 + 0.32 * bands + 0.3 * fibre, 0, 1).astype(np.float32)


def relief(height: Field, *, strength: float, smooth: float = 0.8) -> Field:
    """Light from the upper left on a height field: a factor around 1 to multiply colours by."""
    surface = gaussian_filter(height, smooth) if smooth else height
    down, right = np.gradient(surface)
    return np.asarray(np.clip(1 + strength * (down + right) * 0.7071, 0.35, 1.75), np.float32)


def finished(picture: Field) -> Field:
    """Clip to 0..1 and average 2×2 pixels: the supersampled picture at half its side."""
    clipped = np.clip(picture, 0, 1)
    half = clipped.shape[0] // 2
    return np.asarray(clipped.reshape(half, 2, half, 2, 3).mean(axis=(1, 3)), np.float32)
