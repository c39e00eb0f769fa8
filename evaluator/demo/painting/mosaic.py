"""Mosaic: small bevelled tesserae set along the forms in grout, a little gold among them."""

import numpy as np
from scipy.ndimage import gaussian_filter

from evaluator.demo.painting.noise import Field, fractal, grain
from evaluator.demo.painting.palettes import mix, saturate
from evaluator.demo.painting.regions import plant
from evaluator.demo.painting.scene import Scene
from evaluator.demo.painting.surface import relief

__all__ = ["paint"]

SPACING = 11.6
JOINT = 1.0


def paint(scene: Scene) -> Field:
    """The scene in tesserae of glass and stone: [S, S, 3]."""
    rng, size = scene.rng, scene.size
    cells = plant(rng, size, SPACING, jitter=0.22, angle=_courses(scene))
    count = len(cells.middles)
    rows, columns = np.clip(cells.middles, 0, size - 1).astype(np.int32).T
    tones = _bright(scene.colour[rows, columns])
    tones = tones * rng.uniform(0.83, 1.17, (count, 1)) + rng.normal(0, 0.022, (count, 3))
    gold = (rng.random(count) < 0.018)[:, None]
    tones = np.where(gold, mix(scene.palette.sun, scene.palette.accent_two, 0.5), tones)
    joint = (cells.following - cells.near) / 2
    body = tones[cells.index].astype(np.float32)
    vein = fractal(rng, size, cells=50, octaves=2)
    body *= (1 + 0.07 * vein + 0.03 * grain(rng, size))[..., None]
    height = np.clip((joint - JOINT) / 2.0, 0, 1) * (0.75 + 0.5 * rng.random(count)[cells.index])
    tilt = rng.normal(0, 0.05, count).astype(np.float32)[cells.index]
    lit = relief(height.astype(np.float32), strength=0.42, smooth=0.7) + tilt
    grout = (
        mix(scene.palette.dark, scene.palette.light, 0.22)
        * (1 + 0.10 * grain(rng, size))[..., None]
    )
    return mix(grout, body * lit[..., None], np.clip(joint - JOINT + 0.5, 0, 1))


def _bright(tones: Field) -> Field:
    """Glass is purer than paint: the tones' range stretched, then their colour."""
    low, high = np.percentile(tones, [2, 98])
    stretched = (tones - low) / max(float(high - low), 0.2) * 0.94 + 0.05
    return saturate(np.clip(stretched, 0, 1), 1.3)


def _courses(scene: Scene) -> Field:
    """The way the courses run: the scene's directions, smoothed as double angles."""
    down = gaussian_filter(np.sin(2 * scene.angle), 7)
    right = gaussian_filter(np.cos(2 * scene.angle), 7)
    return np.asarray(0.5 * np.arctan2(down, right), np.float32)
