"""Cubist facets: the scene seen from many sides at once, in shaded planes with drawn edges."""

import numpy as np
from numpy.typing import NDArray

from evaluator.demo.painting.brush import bristles
from evaluator.demo.painting.noise import Field
from evaluator.demo.painting.palettes import luminance, mix
from evaluator.demo.painting.regions import edge_distance
from evaluator.demo.painting.scene import Scene
from evaluator.demo.painting.surface import canvas_weave, relief

__all__ = ["paint"]

DEPTH = 6


def paint(scene: Scene) -> Field:
    """The scene broken into planes, each with its own view, light and tint: [S, S, 3]."""
    rng, size = scene.rng, scene.size
    facet, side, turn = _facets(scene)
    colour = _seen(scene, facet)
    tints = np.stack(
        [
            scene.palette.field,
            scene.palette.far,
            scene.palette.accent,
            scene.palette.water,
            scene.palette.light,
            scene.palette.near,
        ]
    )
    count = int(facet.max()) + 1
    tint = tints[rng.integers(len(tints), size=count)]
    weight = rng.uniform(0.08, 0.42, count).astype(np.float32)[facet]
    colour = mix(colour, tint[facet] * (0.45 + 0.75 * luminance(colour))[..., None], weight)
    slope = rng.uniform(0.16, 0.40, count).astype(np.float32)[facet]
    colour = colour * (1 + slope * np.clip(side, -1, 1))[..., None]
    away = edge_distance(facet)
    drawn = np.clip(2.0 - away, 0, 1) * np.clip(0.55 - 0.75 * side, 0.12, 0.9)
    rim = np.clip(1 - np.abs(away - 4.0) / 2.2, 0, 1) * np.clip(side - 0.25, 0, 1) * 0.5
    colour = mix(mix(colour, scene.palette.dark * 0.7, drawn), scene.palette.light, rim)
    hair = bristles(rng, turn, reach=9)
    height = 0.10 * hair + 0.05 * canvas_weave(rng, size)
    return colour * (relief(height, strength=1.1, smooth=0.6) + 0.03 * hair)[..., None]


def _facets(scene: Scene) -> tuple[NDArray[np.int32], Field, Field]:
    """Split the canvas by chance lines, again and again: facet number, how far toward the lit
    side of its last line (-1..1), and the line's angle, each [S, S]."""
    rng = scene.rng
    x, y = scene.x.ravel(), scene.y.ravel()
    facet = np.zeros(x.size, np.int32)
    side, turn = np.zeros(x.size, np.float32), np.zeros(x.size, np.float32)
    parts = [np.arange(x.size)]
    for level in range(DEPTH):
        halves = []
        for part in parts:
            if len(part) < 1800 or (level > 3 and rng.random() < 0.25):
                halves.append(part)
                continue
            lean = rng.choice([0.35, 0.8, 1.25, 1.9, 2.35, 2.8]) + rng.normal(0, 0.14)
            toward = np.cos(lean) * x[part] + np.sin(lean) * y[part]
            toward -= np.quantile(toward, rng.uniform(0.36, 0.64))
            reach = max(float(np.abs(toward).max()), 1e-3)
            side[part], turn[part] = toward / reach * 1.6 - 0.25, lean + np.pi / 2
            halves += [part[toward < 0], part[toward >= 0]]
        parts = halves
    for number, part in enumerate(parts):
        facet[part] = number
    shape = scene.x.shape
    return facet.reshape(shape), side.reshape(shape), turn.reshape(shape)


def _seen(scene: Scene, facet: NDArray[np.int32]) -> Field:
    """Each facet looks at the scene a little turned, moved and enlarged about its middle."""
    rng, size = scene.rng, scene.size
    count = int(facet.max()) + 1
    area = np.bincount(facet.ravel(), minlength=count)
    middle = [
        (np.bincount(facet.ravel(), grid.ravel(), count) / area).astype(np.float32)[facet]
        for grid in (scene.x, scene.y)
    ]
    turn = rng.normal(0, 0.24, count).astype(np.float32)[facet]
    zoom = rng.uniform(0.72, 1.06, count).astype(np.float32)[facet]
    move = rng.normal(0, 0.034, (2, count)).astype(np.float32)
    right, down = scene.x - middle[0], scene.y - middle[1]
    x = middle[0] + zoom * (right * np.cos(turn) - down * np.sin(turn)) + move[0][facet]
    y = middle[1] + zoom * (right * np.sin(turn) + down * np.cos(turn)) + move[1][facet]
    rows, columns = (np.clip(grid * size, 0, size - 1).astype(np.int32) for grid in (y, x))
    return np.asarray(scene.colour[rows, columns], np.float32)
