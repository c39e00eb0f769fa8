"""Pointillism: pure dots in three sizes, neighbours divided into warmer and cooler tones."""

import numpy as np
from PIL import Image

from evaluator.demo.painting.brush import dots, scattered
from evaluator.demo.painting.noise import Field
from evaluator.demo.painting.palettes import mix, saturate
from evaluator.demo.painting.scene import Scene
from evaluator.demo.painting.surface import canvas_weave

__all__ = ["paint"]


def paint(scene: Scene) -> Field:
    """The scene in dots on a toned canvas: [S, S, 3]."""
    rng = scene.rng
    ground = mix(saturate(scene.colour, 0.8), scene.palette.light, 0.35)
    ground *= 1 + 0.03 * canvas_weave(rng, scene.size)[..., None]
    canvas = Image.fromarray((np.clip(ground, 0, 1) * 255).astype(np.uint8))
    source = saturate(scene.colour, 1.25)
    for spacing, spread in ((9.5, 0.035), (7.0, 0.05), (5.6, 0.055)):
        middles = scattered(rng, scene.size, spacing)
        tones = _divided(scene, _sampled(source, middles), spread)
        radii = spacing * rng.uniform(0.38, 0.58, len(middles)).astype(np.float32)
        dots(canvas, middles, tones, radii)
    return np.asarray(canvas, np.float32) / 255


def _sampled(source: Field, middles: Field) -> Field:
    rows, columns = np.clip(middles, 0, source.shape[0] - 1).astype(np.int32).T
    return np.asarray(source[rows, columns], np.float32)


def _divided(scene: Scene, tones: Field, spread: float) -> Field:
    """Split each tone: most dots near it, some toward the light's colour, some its complement."""
    rng, palette = scene.rng, scene.palette
    kind = rng.random(len(tones))[:, None]
    jittered = tones + rng.normal(0, spread, tones.shape) + rng.normal(0, spread, (len(tones), 1))
    warm = 0.68 * jittered + 0.32 * mix(palette.sun, palette.accent_two, 0.35)
    cool = 0.7 * jittered + 0.3 * mix(palette.water, palette.sky_high, 0.5)
    bright = np.clip(jittered * 1.16 + 0.05, 0, 1)
    divided = np.where(kind < 0.10, warm, np.where(kind < 0.21, cool, jittered))
    return np.where(kind > 0.88, bright, divided).astype(np.float32)
