"""Woodblock print: few flat colours with graded skies, a dark key block, grain, and a seal."""

import numpy as np
from scipy.ndimage import gaussian_filter

from evaluator.demo.painting.noise import Field, fractal, shift
from evaluator.demo.painting.palettes import luminance, mix, saturate
from evaluator.demo.painting.regions import edge_distance, means, renumbered
from evaluator.demo.painting.scene import Scene
from evaluator.demo.painting.surface import paper_tooth, wood_grain

__all__ = ["paint"]

MARGIN = 0.045


def paint(scene: Scene) -> Field:
    """The scene printed from flat blocks on mulberry paper: [S, S, 3]."""
    rng, size, palette = scene.rng, scene.size, scene.palette
    labels, count = renumbered(scene.label)
    flats = means(labels, count, scene.colour)
    graded = gaussian_filter(scene.colour, (6, 6, 0))
    colour = mix(
        saturate(flats, 1.12)[labels], saturate(graded, 1.1), _bokashi(scene, labels, count)
    )
    colour = mix(colour, colour * np.float32(0.86), wood_grain(rng, size) * 0.8)
    colour = mix(colour, palette.sky_high * 0.75, 0.75 * np.clip(1 - scene.y / 0.13, 0, 1) ** 1.4)
    slip = rng.integers(-2, 3, 2)
    colour = np.roll(colour, tuple(slip.tolist()), axis=(0, 1))
    key = _key_block(scene, labels)
    ink = mix(palette.dark, np.array([0.07, 0.09, 0.16], np.float32), 0.5)
    printed = mix(colour, ink, key)
    tooth = paper_tooth(rng, size, coarse=1.8)
    paper = mix(palette.light, np.array([0.93, 0.87, 0.74], np.float32), 0.45)
    inside = _block_edge(scene)
    sheet = mix(np.broadcast_to(paper, printed.shape), printed, inside)
    return _sealed(scene, sheet * (1 + 0.035 * tooth[..., None]))


def _bokashi(scene: Scene, labels: np.ndarray, count: int) -> Field:
    """How graded each shape is: broad ones (sky, water, hills) wiped, small ones flat."""
    area = np.bincount(labels.ravel(), minlength=count) / labels.size
    return np.asarray((np.clip((area - 0.02) / 0.06, 0, 0.85))[labels], np.float32)


def _key_block(scene: Scene, labels: np.ndarray) -> Field:
    """The carved outline: thicker and thinner as the knife went, worn a little: 0..1."""
    rng, size = scene.rng, scene.size
    wander = [1.6 * fractal(rng, size, cells=40, octaves=1) for _ in range(2)]
    away = edge_distance(shift(labels, *wander))
    girth = 1.5 + 0.9 * fractal(rng, size, cells=9)
    worn = 1 - 0.35 * np.clip(fractal(rng, size, cells=70, octaves=1) * 2 - 0.5, 0, 1)
    pale = np.clip(1.25 - luminance(scene.colour), 0.55, 1)
    return np.asarray((np.clip(girth + 0.5 - away, 0, 1) * worn * pale), np.float32)


def _block_edge(scene: Scene) -> Field:
    near = np.minimum(np.minimum(scene.x, 1 - scene.x), np.minimum(scene.y, 1 - scene.y))
    rough = 0.0016 * fractal(scene.rng, scene.size, cells=60, octaves=1)
    return np.asarray(np.clip((near - MARGIN + rough) * scene.size, 0, 1), np.float32)


def _sealed(scene: Scene, sheet: Field) -> Field:
    """A red seal with a few carved bars, in a lower corner."""
    rng, size = scene.rng, scene.size
    side = int(size * 0.07)
    left = int(size * (0.075 if rng.random() < 0.5 else 0.925 - 0.07))
    top = int(size * 0.925) - side
    seal = np.ones((side, side), np.float32)
    carved = np.kron(rng.random((5, 5)) < 0.42, np.ones((side // 5, side // 5)))
    pad = (side - carved.shape[0]) // 2
    seal[pad : pad + carved.shape[0], pad : pad + carved.shape[1]] -= carved
    seal[:3] = seal[-3:] = seal[:, :3] = seal[:, -3:] = 1
    red = np.array([0.74, 0.16, 0.12], np.float32)
    box = (slice(top, top + side), slice(left, left + side))
    printed = sheet.copy()
    printed[box] = mix(mix(scene.palette.light, printed[box], 0.15), red, seal * 0.93)
    return printed
