"""Stained glass: streaked, glowing panes held by lead came, the sun's rays cut into the sky."""

import numpy as np

from evaluator.demo.painting.noise import Field, fractal, grain, shift
from evaluator.demo.painting.palettes import mix, saturate
from evaluator.demo.painting.regions import absorbed, edge_distance, means, plant, thickened
from evaluator.demo.painting.scene import Scene

__all__ = ["paint"]

LEAD = 2.4  # half the width of a came, in pixels of the doubled picture


def paint(scene: Scene) -> Field:
    """The scene as a leaded window with light behind it: [S, S, 3]."""
    rng, size = scene.rng, scene.size
    panes, count = absorbed(thickened(_cut(scene), 9), smallest=160)
    tones = saturate(means(panes, count, scene.colour) ** 0.8, 1.55)
    tones = np.clip(
        tones * rng.uniform(0.78, 1.22, (count, 1)) + rng.normal(0, 0.03, (count, 3)), 0.03, 1
    )
    inside = edge_distance(panes)
    streaks = fractal(rng, size, cells=24, octaves=3, aspect=3.5)
    seeds = np.clip(fractal(rng, size, cells=60, octaves=1) - 0.62, 0, 1)
    body = 0.86 + 0.24 * np.clip(inside / 20, 0, 1) + 0.13 * streaks + 0.6 * seeds
    away = np.hypot(scene.x - scene.sun[0], scene.y - scene.sun[1])
    behind = 0.82 + 0.42 * np.exp(-((away / 0.45) ** 2))
    glass = tones[panes] * (body * behind)[..., None]
    glass = mix(glass, scene.palette.sun, 0.14 * np.exp(-((away / 0.2) ** 2)))
    return _leaded(glass, inside, rng)


def _cut(scene: Scene) -> np.ndarray:
    """Panes: the scene's own shapes, cut further by rays in the sky and cells elsewhere."""
    rng, size = scene.rng, scene.size
    turn = np.arctan2(scene.y - scene.sun[1], scene.x - scene.sun[0])
    away = np.hypot(scene.x - scene.sun[0], scene.y - scene.sun[1])
    sectors = int(rng.integers(13, 19))
    ring = np.searchsorted(np.array([0.12, 0.25, 0.42, 0.62]), away + 0.012 * np.sin(turn * 5))
    rays = np.floor((turn + 0.13 * ring) / (2 * np.pi) * sectors).astype(int) % sectors
    wander = [9 * fractal(rng, size, cells=5) for _ in range(2)]
    cells = shift(plant(rng, size, 66, jitter=0.8).index, *wander)
    is_sky = scene.label == 1
    piece = np.where(is_sky, ring * sectors + rays, cells + 1000)
    return (scene.label.astype(np.int64) * 100_000 + piece).astype(np.int64)


def _leaded(glass: Field, inside: Field, rng: np.random.Generator) -> Field:
    """Lay rounded lead over every joint, its shadow on the glass and its solder sheen."""
    shadow = 1 - 0.42 * np.exp(-np.clip(inside - LEAD, 0, None) / 3.2)
    profile = np.clip(1 - inside / LEAD, 0, 1)
    sheen = 0.075 + 0.17 * profile**2 + 0.018 * grain(rng, inside.shape[0])
    lead = sheen[..., None] * np.array([0.92, 0.97, 1.08], np.float32)
    cover = np.clip(LEAD + 0.5 - inside, 0, 1)
    return mix(glass * shadow[..., None], lead.astype(np.float32), cover)
