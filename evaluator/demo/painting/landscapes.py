"""Compositions out of doors: hills, lakes, the sea, villages, groves and garden ponds.

Each lays one scene from back to front; the scene's generator decides every placement.
"""

import numpy as np

from evaluator.demo.painting import nature
from evaluator.demo.painting.noise import fractal
from evaluator.demo.painting.palettes import mix
from evaluator.demo.painting.scene import Point, Scene

__all__ = ["grove", "hills", "lake", "pond", "sea", "village"]


def hills(scene: Scene) -> None:
    """Rolling hills with furrowed fields, cypresses and round trees under a large sun."""
    rng = scene.rng
    _place_sun(scene, rng.uniform(0.38, 0.5), rng.uniform(0.05, 0.085))
    nature.clouds(scene, int(rng.integers(1, 4)))
    layers = int(rng.integers(3, 5))
    crop_layer = int(rng.integers(1, layers))
    for layer in range(layers):
        depth = layer / (layers - 1)
        ridge = scene.ridge(
            scene.horizon + 0.46 * depth**1.15, 0.085, cells=1.5 + 1.2 * (1 - depth)
        )
        if layer == crop_layer:
            nature.furrows(scene, ridge, int(rng.integers(28, 44)))
        else:
            nature.hill(scene, ridge, depth)
        for _ in range(int(rng.integers(1, 4))):
            _plant(scene, ridge, 0.05 + 0.17 * depth)
    if rng.random() < 0.6:
        nature.cypress(scene, (rng.choice([0.12, 0.86]), 1.02), rng.uniform(0.55, 0.8))


def lake(scene: Scene) -> None:
    """Snowy mountains mirrored in still water, firs on the near shore."""
    rng, palette = scene.rng, scene.palette
    _place_sun(scene, rng.uniform(0.5, 0.58), rng.uniform(0.04, 0.06))
    nature.clouds(scene, int(rng.integers(1, 3)))
    for depth in (0.0, 0.45):
        peaks = _peaks(scene, scene.horizon - 0.05 + 0.04 * depth, 0.30 - 0.14 * depth)
        nature.hill(scene, peaks, depth * 0.8, tone=0.1)
        if depth == 0:
            rough = 0.03 * fractal(rng, scene.size, cells=16)
            snow = scene.below(peaks) & (scene.y + rough < peaks[None, :] * 0.62 + 0.10)
            scene.lay(snow, mix(palette.light, palette.sky_high, 0.12), 1.0)
    shore = scene.ridge(scene.horizon - 0.012, 0.012, cells=6)
    nature.hill(scene, shore, 0.75)
    for x in np.sort(rng.uniform(0, 1, 14)):
        nature.pine(scene, (float(x), scene.horizon + 0.004), rng.uniform(0.04, 0.09))
    nature.reflect(scene, scene.horizon + 0.005, share=0.85)
    bank = scene.ridge(0.93, 0.05, cells=2)
    nature.hill(scene, bank, 1.0, tone=0.15)
    side = rng.choice([0.08, 0.92])
    for _ in range(4):
        x = float(np.clip(side + rng.normal(0, 0.09), 0.02, 0.98))
        nature.pine(scene, (x, _at(bank, x) + 0.02), rng.uniform(0.28, 0.52))


def sea(scene: Scene) -> None:
    """Sails on a bright sea under a low sun, headlands beyond."""
    rng = scene.rng
    _place_sun(scene, rng.uniform(0.46, 0.6), rng.uniform(0.055, 0.09), low=True)
    nature.clouds(scene, int(rng.integers(2, 5)))
    side = 1 if rng.random() < 0.5 else -1
    for depth in (0.1, 0.4):
        slope = np.linspace(-1, 1, scene.size, dtype=np.float32) * side
        ridge = scene.ridge(scene.horizon + 0.05 - 0.03 * depth, 0.03, cells=4)
        nature.hill(scene, (ridge - np.clip(slope - depth, 0, 1) * 0.24).astype(np.float32), depth)
    nature.water(scene, scene.horizon)
    for y in np.sort(rng.uniform(scene.horizon + 0.05, 0.84, int(rng.integers(2, 5)))):
        near = (float(y) - scene.horizon) / (1 - scene.horizon)
        nature.boat(scene, (rng.uniform(0.14, 0.86), float(y)), 0.07 + 0.20 * near)
    if rng.random() < 0.55:
        nature.hill(scene, scene.ridge(0.95, 0.06, cells=2.5), 1.0, tone=0.1)


def village(scene: Scene) -> None:
    """Houses climbing a slope to a church tower, trees between them."""
    rng, palette = scene.rng, scene.palette
    _place_sun(scene, rng.uniform(0.4, 0.48), rng.uniform(0.045, 0.07))
    nature.clouds(scene, int(rng.integers(1, 4)))
    nature.hill(scene, scene.ridge(scene.horizon, 0.09, cells=2), 0.15)
    knoll = scene.ridge(scene.horizon + 0.10, 0.03, cells=2)
    hump = np.exp(-(((scene.x[0] - rng.uniform(0.35, 0.65)) / 0.3) ** 2)) * 0.13
    knoll = (knoll - hump).astype(np.float32)
    nature.hill(scene, knoll, 0.65)
    top = float(np.clip(scene.x[0][int(np.argmin(knoll))], 0.15, 0.85))
    _tower(scene, (top, float(knoll.min()) + 0.05))
    for row in range(4):
        share = row / 3
        width = 0.055 + 0.05 * share
        for x in np.arange(0.02, 0.95, width * 1.75):
            place = float(x + rng.normal(0, 0.012))
            y = _at(knoll, place) + 0.05 + 0.125 * row + rng.normal(0, 0.008)
            if rng.random() < 0.66:
                nature.house(scene, (place, y), width * rng.uniform(0.8, 1.1))
            else:
                nature.round_tree(scene, (place + width / 2, y + 0.01), width * 1.9)
    front = scene.ridge(0.93, 0.03, cells=2)
    nature.furrows(scene, front, 30)
    scene.lay(scene.below(front + 0.055), mix(palette.leaf, palette.near, 0.4), 0.1)


def grove(scene: Scene) -> None:
    """Tall trunks before a bright clearing, leaves above and fallen leaves below."""
    rng, palette = scene.rng, scene.palette
    _place_sun(scene, rng.uniform(0.52, 0.62), rng.uniform(0.05, 0.08), low=True)
    nature.hill(scene, scene.ridge(scene.horizon - 0.05, 0.05, cells=5), 0.2)
    nature.hill(scene, scene.ridge(scene.horizon + 0.05, 0.03, cells=3), 0.7)
    ground = scene.horizon + 0.08
    for x in np.sort(rng.uniform(-0.02, 1.02, int(rng.integers(9, 13)))):
        near = float(rng.random()) ** 1.5
        foot = ground + 0.06 + 0.34 * near
        _trunk(scene, float(x), foot, 0.011 + 0.03 * near)
    for _ in range(110):
        share = float(rng.random())
        place = (rng.uniform(-0.05, 1.05), abs(rng.normal(0, 0.17)) - 0.02)
        colour = mix(palette.leaf, palette.leaf_lit, share)
        if rng.random() < 0.22:
            colour = mix(palette.accent, palette.accent_two, share)
        scene.shape(scene.blob(place, rng.uniform(0.018, 0.055)), colour, light=0.2, rounded=True)
    for _ in range(90):
        y = ground + float(rng.random()) * (1 - ground)
        colour = mix(palette.accent, palette.leaf_lit, float(rng.random()))
        reach = 0.006 + 0.024 * (y - ground)
        scene.shape(
            scene.blob((rng.random(), y), reach, flat=0.45), mix(colour, palette.field, 0.3)
        )


def pond(scene: Scene) -> None:
    """A garden pond with water lilies, an arched bridge and willows."""
    rng, palette = scene.rng, scene.palette
    _place_sun(scene, 0.44, 0.0)
    for x in np.linspace(-0.02, 1.02, 8):
        middle = (float(x) + rng.normal(0, 0.03), 0.22 + rng.normal(0, 0.05))
        for step in range(4):
            tone = mix(palette.leaf, palette.leaf_lit, step / 3 * 0.9)
            place = (middle[0] + rng.normal(0, 0.04), middle[1] - 0.05 * step)
            scene.shape(scene.blob(place, 0.17 - 0.03 * step), tone, light=0.25, angle=1.45)
    nature.hill(scene, scene.ridge(0.40, 0.02, cells=5), 0.85)
    nature.reflect(scene, 0.46, share=0.8)
    _bridge(scene)
    for y in np.sort(0.54 + 0.44 * rng.random(26)):
        near = float(y - 0.5) * 2
        place = (rng.uniform(0.0, 1.0), float(y))
        pad = mix(palette.leaf_lit, palette.water, float(rng.uniform(0, 0.4)))
        scene.shape(scene.blob(place, 0.022 + 0.05 * near, flat=0.36, wobble=0.08), pad, light=0.2)
        if rng.random() < 0.55:
            bloom = palette.accent if rng.random() < 0.5 else palette.light
            spot = (place[0], place[1] - 0.008 * (1 + near))
            scene.shape(scene.blob(spot, 0.008 + 0.016 * near, flat=0.8), bloom, light=0.25)


def _place_sun(scene: Scene, horizon: float, radius: float, *, low: bool = False) -> None:
    """Set the horizon, hang the sun and lay the sky."""
    rng = scene.rng
    scene.horizon = horizon
    height = horizon * (rng.uniform(0.6, 0.8) if low else rng.uniform(0.25, 0.5))
    scene.sun = (float(rng.choice([0.28, 0.36, 0.64, 0.74])) + rng.normal(0, 0.03), height)
    nature.sky(scene)
    if radius:
        nature.sun(scene, radius)


def _at(ridge: np.ndarray, x: float) -> float:
    return float(ridge[int(np.clip(x, 0, 0.999) * len(ridge))])


def _plant(scene: Scene, ridge: np.ndarray, height: float) -> None:
    rng = scene.rng
    x = rng.uniform(0.04, 0.96)
    tree = nature.cypress if rng.random() < 0.4 else nature.round_tree
    for offset in (0.0, height * rng.uniform(0.35, 0.7)):
        place = (x + offset, _at(ridge, x + offset) + height * 0.08)
        tree(scene, place, height * rng.uniform(0.7, 1.2))


def _peaks(scene: Scene, base: float, rise: float) -> np.ndarray:
    """A jagged skyline: the upper hull of a few triangles, roughened."""
    rng = scene.rng
    x = scene.x[0]
    line = np.full(scene.size, base, np.float32)
    for middle in np.linspace(0.08, 0.92, 4) + rng.normal(0, 0.06, 4):
        tall, wide = rise * rng.uniform(0.55, 1.0), rng.uniform(0.22, 0.36)
        line = np.minimum(line, base - tall * np.clip(1 - np.abs(x - middle) / wide, 0, 1))
    return (line + scene.ridge(0, 0.022, cells=12)).astype(np.float32)


def _tower(scene: Scene, foot: Point) -> None:
    palette = scene.palette
    x, y = foot
    wide, tall = 0.038, 0.19
    scene.shape(
        [(x, y), (x, y - tall), (x + wide, y - tall), (x + wide, y)],
        mix(palette.light, palette.field, 0.2),
        angle=np.pi / 2,
    )
    scene.shape(
        [(x + wide, y), (x + wide, y - tall), (x + wide * 1.5, y - tall), (x + wide * 1.5, y)],
        mix(palette.field, palette.dark, 0.4),
        angle=np.pi / 2,
    )
    scene.shape(
        [
            (x - 0.006, y - tall),
            (x + wide * 0.75, y - tall - 0.13),
            (x + wide * 1.5 + 0.006, y - tall),
        ],
        mix(palette.accent, palette.dark, 0.25),
        angle=np.pi / 2,
    )
    scene.shape(
        [
            (x + 0.012, y - tall * 0.8),
            (x + 0.026, y - tall * 0.8),
            (x + 0.026, y - tall * 0.6),
            (x + 0.012, y - tall * 0.6),
        ],
        palette.dark,
    )


def _trunk(scene: Scene, x: float, foot: float, wide: float) -> None:
    rng, palette = scene.rng, scene.palette
    lean = rng.normal(0, 0.035)
    bark = mix(palette.light, palette.far, float(rng.uniform(0.0, 0.35)))
    if rng.random() < 0.4:
        bark = mix(palette.dark, palette.accent, 0.2)
    points = [
        (x - wide, foot),
        (x - wide * 0.6 + lean, -0.02),
        (x + wide * 0.6 + lean, -0.02),
        (x + wide, foot),
    ]
    scene.shape(points, bark, angle=np.pi / 2, light=0.3)
    for _ in range(int(rng.integers(5, 10))):
        t = rng.uniform(0.05, 0.9)
        y = foot * (1 - t)
        reach = wide * (1 - 0.4 * t) * rng.uniform(0.3, 0.75)
        mark = scene.disc((x + lean * t - wide * 0.2, y), reach, flat=0.3, steps=12)
        scene.shape(mark, mix(palette.dark, bark, 0.15))


def _bridge(scene: Scene) -> None:
    palette, rng = scene.palette, scene.rng
    turns = np.linspace(0, np.pi, 24)
    wood = mix(palette.accent, palette.leaf, 0.0 if rng.random() < 0.6 else 0.8)
    for drop, thick in ((0.0, 0.022), (-0.075, 0.012)):
        outer = [(0.5 - 0.56 * np.cos(t), 0.52 + drop - 0.17 * np.sin(t)) for t in turns]
        inner = [(x, y + thick) for x, y in outer]
        scene.shape([(float(x), float(y)) for x, y in outer + inner[::-1]], wood, light=0.2)
    for t in turns[2:-2:2]:
        x, y = float(0.5 - 0.56 * np.cos(t)), float(0.52 - 0.17 * np.sin(t))
        scene.shape(
            [(x - 0.006, y), (x - 0.006, y - 0.08), (x + 0.006, y - 0.08), (x + 0.006, y)],
            mix(wood, palette.dark, 0.2),
            angle=np.pi / 2,
        )
