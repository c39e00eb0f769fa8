"""Impasto: thick strokes along the forms, with ridges of paint that catch the light."""

import numpy as np
from scipy.ndimage import gaussian_filter

from evaluator.demo.painting.brush import Paint, bristles, strokes
from evaluator.demo.painting.noise import Field, fractal
from evaluator.demo.painting.palettes import luminance, mix, saturate
from evaluator.demo.painting.scene import Scene
from evaluator.demo.painting.surface import relief

__all__ = ["paint"]


def paint(scene: Scene) -> Field:
    """The scene in loaded brush strokes, large to small: [S, S, 3]."""
    rng = scene.rng
    source = saturate(scene.colour, 1.22)
    angle = scene.angle + 0.35 * fractal(rng, scene.size, cells=5)
    paint_layer = Paint.on(mix(source, scene.palette.dark, 0.25))
    strokes(paint_layer, rng, source, angle, spacing=13, width=17, length=62, vary=0.07)
    strokes(paint_layer, rng, source, angle, spacing=11, width=10, length=44, vary=0.09)
    fine = _detail(source)
    strokes(
        paint_layer,
        rng,
        source,
        angle,
        spacing=6,
        width=5,
        length=18,
        where=fine,
        vary=0.07,
        stray=0.06,
    )
    hair = bristles(rng, angle)
    height = paint_layer.height() + 0.13 * hair
    lit = relief(height, strength=1.35, smooth=0.9)[..., None]
    return np.clip(paint_layer.colour() * (1 + 0.045 * hair[..., None]) * lit, 0, 1)


def _detail(source: Field) -> np.ndarray:
    """Where the picture holds edges finer than a broad brush can say."""
    tone = luminance(source)
    strength = gaussian_filter(np.abs(tone - gaussian_filter(tone, 5)), 3)
    return np.asarray(strength > 0.028)
