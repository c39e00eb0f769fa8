"""Watercolour: transparent washes with pooled edges, blooms and granulation on rough paper."""

import numpy as np
from scipy.ndimage import gaussian_filter

from evaluator.demo.painting.noise import Field, fractal, shift
from evaluator.demo.painting.palettes import mix, saturate
from evaluator.demo.painting.regions import absorbed, edge_distance
from evaluator.demo.painting.scene import Scene
from evaluator.demo.painting.surface import paper_tooth

__all__ = ["paint"]


def paint(scene: Scene) -> Field:
    """The scene in washes over a pencil sketch: [S, S, 3]."""
    rng, size = scene.rng, scene.size
    tooth = paper_tooth(rng, size, coarse=1.6)
    wander = [5.0 * fractal(rng, size, cells=11, octaves=4, gain=0.6) for _ in range(2)]
    colour = shift(scene.colour, *wander)
    shapes, _ = absorbed(shift(scene.label, *wander), smallest=70)
    away = edge_distance(shapes)
    wet = np.clip(fractal(rng, size, cells=3) * 2.2 - 0.2, 0, 1)
    colour = mix(colour, gaussian_filter(colour, (8, 8, 0)), wet * 0.85)
    ink = mix(saturate(colour, 1.3), np.ones(3, np.float32), 0.20)
    density = _density(scene, away, wet, tooth)
    # Beer and Lambert: a wash of twice the density lets the square of the light through.
    washed = np.clip(ink, 0.02, 1) ** density[..., None]
    paper = np.array([0.985, 0.975, 0.945], np.float32) * (0.985 + 0.022 * tooth[..., None])
    pencil = 0.20 * np.clip(1.3 - edge_distance(scene.label), 0, 1) * np.clip(tooth + 0.4, 0, 1)
    sheet = paper * washed * (1 - pencil[..., None])
    return _splashed(scene, mix(np.broadcast_to(paper, sheet.shape), sheet, _sheet_edge(scene)))


def _density(scene: Scene, away: Field, wet: Field, tooth: Field) -> Field:
    """How thick the pigment lies: pooled at edges, pushed by blooms, settled in the tooth."""
    rng, size = scene.rng, scene.size
    pooled = 0.75 * np.exp(-away / 1.9) * (1 - 0.8 * wet)
    gaps = np.clip(fractal(rng, size, cells=8) * 3 - 0.75, 0, 1) * (away < 1.6)
    bloom = fractal(rng, size, cells=5, octaves=4, gain=0.55)
    rim = np.exp(-((np.abs(bloom - 0.12) / 0.018) ** 2)) * 0.22
    flow = 0.92 + 0.34 * bloom + 0.12 * (bloom > 0.12) + rim
    grains = 1 - 0.17 * tooth * (1.3 - 0.6 * wet)
    return np.asarray(np.clip((flow + pooled) * grains * (1 - gaps), 0, 2.4), np.float32)


def _sheet_edge(scene: Scene) -> Field:
    """1 where the brush went, fading raggedly before the edge of the sheet."""
    rng, size = scene.rng, scene.size
    near = np.minimum(np.minimum(scene.x, 1 - scene.x), np.minimum(scene.y, 1 - scene.y))
    ragged = 0.028 * fractal(rng, size, cells=7, octaves=4, gain=0.6)
    return np.clip((near - 0.042 + ragged) * size / 3, 0, 1).astype(np.float32)


def _splashed(scene: Scene, sheet: Field) -> Field:
    """A few drops shaken from the brush."""
    rng, palette = scene.rng, scene.palette
    for _ in range(int(rng.integers(8, 16))):
        middle = rng.random(2)
        reach = 0.002 + 0.007 * float(rng.random()) ** 3
        low = np.maximum(((middle - reach) * scene.size).astype(int), 0)
        high = ((middle + reach) * scene.size).astype(int) + 2
        box = (slice(low[1], high[1]), slice(low[0], high[0]))
        away = np.hypot(scene.x[box] - middle[0], scene.y[box] - middle[1]) / reach
        tone = palette.accent if rng.random() < 0.4 else palette.water
        drop = np.clip((1 - away) * 3, 0, 1) * (0.3 + 0.35 * np.clip(away, 0, 1) ** 3)
        sheet[box] *= 1 - drop[..., None] * (1 - tone)
    return sheet
