"""Compositions indoors and of the mind: still lifes on a table, rings and arcs.

Each lays one scene from back to front; the scene's generator decides every placement.
"""

import numpy as np

from evaluator.demo.painting.noise import fractal
from evaluator.demo.painting.palettes import mix
from evaluator.demo.painting.scene import Point, Scene

__all__ = ["orbits", "still_life"]


def still_life(scene: Scene) -> None:
    """A vase of flowers, fruit and a bottle on a table by a wall."""
    rng, palette = scene.rng, scene.palette
    scene.sun = (rng.choice([0.1, 0.9]), 0.05)
    scene.horizon = rng.uniform(0.62, 0.68)
    away = np.hypot(scene.x - scene.sun[0], scene.y - scene.sun[1])
    wall_tone = mix(palette.far, palette.sky_low, float(rng.uniform(0.15, 0.6)))
    drift = fractal(rng, scene.size, cells=4)
    wall = mix(
        mix(wall_tone, palette.light, 0.35),
        mix(wall_tone, palette.dark, 0.35),
        np.clip(away * 0.8 + 0.12 * drift, 0, 1),
    )
    scene.lay(scene.y >= -1, wall, (0.9 + 0.6 * drift).astype(np.float32))
    _table(scene)
    x = rng.uniform(0.36, 0.62)
    other = x + (0.27 if x < 0.5 else -0.27)
    _bottle(scene, (other, scene.horizon + 0.10), rng.uniform(0.4, 0.5))
    _vase(scene, (x, scene.horizon + 0.17), rng.uniform(0.30, 0.36))
    _bouquet(scene, (x, scene.horizon - 0.17), 0.19)
    _fruit(scene, scene.horizon + 0.2)


def orbits(scene: Scene) -> None:
    """Abstract: rings and arcs that turn through one another, cut by long diagonals."""
    rng, palette = scene.rng, scene.palette
    tones = [
        palette.accent,
        palette.accent_two,
        palette.sky_high,
        palette.water,
        palette.leaf_lit,
        palette.field,
        palette.light,
        palette.near,
        palette.sky_low,
        palette.dark,
    ]
    scene.sun = (rng.uniform(0.3, 0.7), rng.uniform(0.3, 0.7))
    wash = fractal(rng, scene.size, cells=2, octaves=2)
    scene.lay(
        scene.y >= -1, mix(palette.sky_low, palette.far, np.clip(0.5 + 0.5 * wash, 0, 1)), 0.7
    )
    for _ in range(3):
        turn, offset = rng.uniform(0, np.pi), rng.uniform(-0.2, 0.2)
        side = np.cos(turn) * (scene.x - 0.5) + np.sin(turn) * (scene.y - 0.5)
        band = (side > offset) & (side < offset + rng.uniform(0.06, 0.3))
        scene.lay(band, tones[int(rng.integers(len(tones)))], turn + np.pi / 2)
    for middle, reach in _ring_places(scene):
        _disc(scene, middle, reach, tones)


def _disc(scene: Scene, middle: Point, reach: float, tones: list[np.ndarray]) -> None:
    """Rings cut into sectors, each piece in a tone of its own."""
    rng = scene.rng
    away = np.hypot(scene.x - middle[0], scene.y - middle[1])
    turn_field = np.arctan2(scene.y - middle[1], scene.x - middle[0])
    start, sectors = rng.uniform(0, np.pi), int(rng.choice([2, 4, 4, 6]))
    part = np.floor((turn_field - start) / (2 * np.pi / sectors)).astype(int) % sectors
    rings = int(rng.integers(3, 6))
    piece = np.minimum((away / reach * rings).astype(int), rings) * sectors + part
    chosen = np.stack([tones[int(rng.integers(len(tones)))] for _ in range((rings + 1) * sectors)])
    lift = np.clip(1.08 - 0.25 * away / reach, 0.7, 1.1)[..., None]
    scene.lay_pieces(
        away < reach,
        piece,
        (chosen[piece] * lift).astype(np.float32),
        (turn_field + np.pi / 2).astype(np.float32),
    )


def _table(scene: Scene) -> None:
    rng, palette = scene.rng, scene.palette
    cloth = mix(palette.light, palette.water, float(rng.uniform(0.1, 0.7)))
    edge = scene.ridge(scene.horizon, 0.006, cells=2)
    rough = fractal(rng, scene.size, cells=4, aspect=3)
    depth = np.clip((scene.y - scene.horizon) / 0.4 + 0.15 * rough, 0, 1)
    scene.lay(
        scene.below(edge),
        mix(mix(cloth, palette.light, 0.3), mix(cloth, palette.dark, 0.25), depth),
        0.05,
    )
    stripe = mix(palette.accent, cloth, 0.25)
    for share in (0.22, 0.32, 0.82):
        y = scene.horizon + share * (1 - scene.horizon)
        band = scene.below(edge) & (
            np.abs(scene.y - y - 0.05 * (scene.x - 0.5)) < 0.007 + 0.012 * share
        )
        scene.lay(band, stripe, 0.05)


def _turned(scene: Scene, foot: Point, height: float, profile: list[Point]) -> list[Point]:
    """A vessel's outline from (height share, radius share) knots, smooth between them."""
    steps = np.linspace(0, 1, 30)
    radius = np.interp(steps, [knot[0] for knot in profile], [knot[1] for knot in profile])
    radius = np.convolve(np.pad(radius, 2, "edge"), np.ones(5) / 5, "valid") * height
    left = [
        (foot[0] - float(r), foot[1] - float(t) * height)
        for r, t in zip(radius, steps, strict=True)
    ]
    right = [
        (foot[0] + float(r), foot[1] - float(t) * height)
        for r, t in zip(radius, steps, strict=True)
    ]
    return left + right[::-1]


def _vase(scene: Scene, foot: Point, height: float) -> None:
    palette, rng = scene.palette, scene.rng
    _shadow(scene, foot, height * 0.42)
    profile = [(0, 0.2), (0.35, 0.38), (0.6, 0.34), (0.82, 0.18), (1, 0.24)]
    glaze = mix(palette.water, palette.accent_two, float(rng.random()))
    scene.shape(_turned(scene, foot, height, profile), glaze, angle=np.pi / 2, light=0.4)
    side = -1 if scene.sun[0] < 0.5 else 1
    shine = scene.disc(
        (foot[0] + side * height * 0.18, foot[1] - height * 0.5), height * 0.05, flat=2.6
    )
    scene.shape(shine, mix(glaze, palette.light, 0.65), angle=np.pi / 2)


def _bottle(scene: Scene, foot: Point, height: float) -> None:
    palette = scene.palette
    _shadow(scene, foot, height * 0.2)
    profile = [(0, 0.14), (0.08, 0.15), (0.55, 0.15), (0.7, 0.06), (0.94, 0.05), (1, 0.06)]
    glass = mix(palette.leaf, palette.dark, 0.25)
    scene.shape(_turned(scene, foot, height, profile), glass, angle=np.pi / 2, light=0.45)
    x, y, wide = foot[0], foot[1] - height * 0.2, height * 0.14
    tall = height * 0.22
    scene.shape(
        [(x - wide, y), (x - wide, y - tall), (x + wide, y - tall), (x + wide, y)],
        mix(palette.light, palette.field, 0.25),
        light=0.15,
    )


def _bouquet(scene: Scene, middle: Point, spread: float) -> None:
    rng, palette = scene.rng, scene.palette
    for _ in range(34):
        place = (
            middle[0] + rng.normal(0, 0.75) * spread,
            middle[1] - abs(rng.normal(0.3, 0.55)) * spread,
        )
        leaf = mix(palette.leaf, palette.leaf_lit, float(rng.random()))
        turn = rng.uniform(0, np.pi)
        outline = scene.blob(place, rng.uniform(0.03, 0.055), flat=0.5)
        scene.shape(outline, leaf, light=0.25, angle=turn)
    blooms = [palette.accent, palette.accent_two, palette.light, palette.sun]
    for _ in range(int(rng.integers(10, 15))):
        place = (
            middle[0] + rng.normal(0, 0.62) * spread,
            middle[1] - abs(rng.normal(0.45, 0.5)) * spread,
        )
        _flower(scene, place, rng.uniform(0.035, 0.062), blooms[int(rng.integers(len(blooms)))])


def _flower(scene: Scene, middle: Point, reach: float, colour: np.ndarray) -> None:
    rng = scene.rng
    petals = int(rng.integers(5, 9))
    start = rng.uniform(0, np.pi)
    for petal in range(petals):
        turn = start + petal * 2 * np.pi / petals
        place = (middle[0] + 0.62 * reach * np.cos(turn), middle[1] + 0.62 * reach * np.sin(turn))
        tone = np.clip(colour * rng.uniform(0.82, 1.08), 0, 1).astype(np.float32)
        scene.shape(
            scene.blob(place, reach * 0.5),
            tone,
            angle=float(turn),
            light=0.2,
            own_label=petal % 3 == 0,
        )
    heart = mix(scene.palette.accent_two, scene.palette.dark, 0.35)
    scene.shape(scene.disc(middle, reach * 0.3, steps=16), heart, rounded=True)


def _fruit(scene: Scene, level: float) -> None:
    rng, palette = scene.rng, scene.palette
    tones = [
        palette.accent,
        palette.accent_two,
        palette.leaf_lit,
        mix(palette.accent, palette.sun, 0.5),
    ]
    places = np.sort(rng.uniform(0.1, 0.9, int(rng.integers(4, 7))))
    for index, x in enumerate(places):
        reach = rng.uniform(0.05, 0.068)
        middle = (float(x), level + rng.uniform(-0.02, 0.07))
        _shadow(scene, (middle[0], middle[1] + reach * 0.85), reach)
        tone = tones[(index + int(rng.integers(2))) % len(tones)]
        scene.shape(
            scene.blob(middle, reach, flat=0.95, wobble=0.05), tone, light=0.42, rounded=True
        )
        side = -1 if scene.sun[0] < 0.5 else 1
        spot = (middle[0] + side * reach * 0.4, middle[1] - reach * 0.42)
        scene.shape(
            scene.disc(spot, reach * 0.17, steps=14),
            mix(tone, palette.light, 0.75),
            own_label=False,
        )


def _shadow(scene: Scene, foot: Point, reach: float) -> None:
    side = 1 if scene.sun[0] < 0.5 else -1
    outline = scene.disc((foot[0] + side * reach * 0.55, foot[1]), reach * 1.25, flat=0.24)
    scene.shape(outline, mix(scene.palette.dark, scene.palette.water, 0.45))


def _ring_places(scene: Scene) -> list[tuple[Point, float]]:
    rng = scene.rng
    first = (scene.sun, float(rng.uniform(0.3, 0.38)))
    rest = []
    for turn in rng.uniform(0, 2 * np.pi) + np.array([0.0, 2.2, 4.1]):
        middle = (
            scene.sun[0] + 0.42 * float(np.cos(turn)),
            scene.sun[1] + 0.42 * float(np.sin(turn)),
        )
        rest.append((middle, float(rng.uniform(0.12, 0.24))))
    return [*rest[:2], first, rest[2]]
