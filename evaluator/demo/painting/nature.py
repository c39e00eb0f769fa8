"""The things that motifs are made of: skies, suns, clouds, hills, trees, water, boats, houses."""

import numpy as np

from evaluator.demo.painting.noise import Field, fractal
from evaluator.demo.painting.palettes import mix
from evaluator.demo.painting.scene import Point, Scene

__all__ = [
    "boat",
    "clouds",
    "cypress",
    "furrows",
    "hill",
    "house",
    "pine",
    "reflect",
    "round_tree",
    "sky",
    "sun",
    "water",
]


def sky(scene: Scene) -> None:
    """A graded sky that glows around the sun; strokes swirl around it and drift elsewhere."""
    palette, rng = scene.palette, scene.rng
    rise = np.clip(scene.y / max(scene.horizon, 0.1), 0, 1)
    drift = fractal(rng, scene.size, cells=3, octaves=2, aspect=2)
    base = mix(palette.sky_high, palette.sky_low, np.clip(rise**1.2 + 0.10 * drift, 0, 1))
    away = np.hypot(scene.x - scene.sun[0], scene.y - scene.sun[1])
    glow = np.exp(-((away / 0.24) ** 2)) * 0.65
    colour = mix(base, palette.sun, glow)
    around = np.arctan2(scene.y - scene.sun[1], scene.x - scene.sun[0]) + np.pi / 2
    scene.lay(scene.y >= -1, colour, _blended_angle(around, 0.9 * drift, np.exp(-away / 0.25)))


def sun(scene: Scene, radius: float) -> None:
    """The sun or moon."""
    scene.shape(scene.disc(scene.sun, radius), scene.palette.sun, rounded=True)


def clouds(scene: Scene, count: int) -> None:
    """Long clouds of overlapping rounds, lit from the sun's side."""
    palette, rng = scene.palette, scene.rng
    for _ in range(count):
        middle = (rng.uniform(0.05, 0.95), rng.uniform(0.06, scene.horizon * 0.62))
        width = rng.uniform(0.09, 0.2)
        pale = mix(palette.light, palette.sky_low, rng.uniform(0.1, 0.6))
        scene.count += 1
        for step in rng.permutation(6):
            along = (step / 5 - 0.5) * 2
            radius = width * 0.40 * (1.05 - 0.7 * abs(along)) * rng.uniform(0.75, 1.25)
            place = (middle[0] + along * width, middle[1] - radius * 0.5)
            outline = scene.blob(place, radius, flat=0.6, wobble=0.12)
            flat_base = [(x, min(y, middle[1])) for x, y in outline]
            scene.shape(flat_base, pale, light=0.08, own_label=False, rounded=True)


def hill(scene: Scene, ridge: Field, depth: float, *, tone: float = 0.0) -> None:
    """A hill under ``ridge``; ``depth`` 0 is farthest and palest, 1 nearest. ``tone`` darkens."""
    palette = scene.palette
    ground = mix(palette.near, palette.field, float(scene.rng.uniform(0.0, 0.75)))
    body = mix(palette.far, ground, min(1.0, depth * 1.25))
    fall = np.clip((scene.y - ridge[None, :]) / 0.28, 0, 1)
    rough = fractal(scene.rng, scene.size, cells=7, octaves=3, aspect=2)
    lit = mix(body, palette.sky_low, 0.28 * (1 - depth) + 0.10)
    colour = mix(lit, mix(body, palette.dark, 0.22 + tone), np.clip(fall + 0.16 * rough, 0, 1))
    slope = np.arctan(np.gradient(ridge) * scene.size)[None, :] * np.exp(-2 * fall)
    scene.lay(scene.below(ridge), colour, (slope + 0.25 * rough).astype(np.float32))


def furrows(scene: Scene, ridge: Field, rows: int) -> None:
    """Rows of a crop that run to a point on the horizon, over everything under ``ridge``."""
    palette, rng = scene.palette, scene.rng
    eye = (rng.uniform(0.2, 0.8), float(ridge.mean()) - 0.10)
    turn = np.arctan2(scene.x - eye[0], np.maximum(scene.y - eye[1], 1e-3))
    wave = 0.02 * fractal(rng, scene.size, cells=6)
    row = np.sin((turn + wave) * np.float32(rows))
    land = scene.below(ridge)
    run = (np.pi / 2 - turn).astype(np.float32)
    crop = palette.accent_two if rng.random() < 0.5 else palette.field
    near = np.clip((scene.y - eye[1]) * 1.2, 0, 1)
    scene.lay(land, mix(mix(crop, palette.far, 0.35), mix(crop, palette.near, 0.45), near), run)
    lit, shaded = mix(crop, palette.light, 0.25), mix(palette.leaf, palette.near, 0.4)
    scene.lay(land & (row > 0.2), mix(mix(lit, palette.far, 0.2), lit, near), run)
    scene.lay(land & (row < -0.72), mix(mix(shaded, palette.far, 0.3), shaded, near), run)


def cypress(scene: Scene, foot: Point, height: float) -> None:
    """A dark flame of a tree, brightened on the sun's side."""
    palette, rng = scene.palette, scene.rng
    lean = rng.uniform(-0.06, 0.06) * height
    steps = np.linspace(0, 1, 14)
    girth = height * rng.uniform(0.10, 0.15) * np.sin(np.pi * steps**0.62) ** 0.9 + 0.004
    left = [
        (foot[0] - g + lean * t, foot[1] - height * t) for g, t in zip(girth, steps, strict=True)
    ]
    right = [
        (foot[0] + g + lean * t, foot[1] - height * t) for g, t in zip(girth, steps, strict=True)
    ]
    leaf = mix(palette.leaf, palette.dark, 0.25)
    scene.shape(left + right[::-1], leaf, angle=np.pi / 2, light=0.35)


def round_tree(scene: Scene, foot: Point, height: float) -> None:
    """A trunk under a crown of leaf clumps, bright toward the sun."""
    palette, rng = scene.palette, scene.rng
    wide = height * 0.045
    trunk = [
        (foot[0] - wide, foot[1]),
        (foot[0] - wide * 0.6, foot[1] - height * 0.6),
        (foot[0] + wide * 0.6, foot[1] - height * 0.6),
        (foot[0] + wide, foot[1]),
    ]
    scene.shape(trunk, mix(palette.dark, palette.accent, 0.2), angle=np.pi / 2)
    crown = (foot[0], foot[1] - height * 0.68)
    side = 1.0 if scene.sun[0] > foot[0] else -1.0
    for step in range(6):
        share = step / 5
        drift = (side * height * 0.10 * share, -height * 0.12 * share)
        middle = (
            crown[0] + drift[0] + rng.normal(0, 0.11) * height,
            crown[1] + drift[1] + rng.normal(0, 0.08) * height,
        )
        colour = mix(palette.leaf, palette.leaf_lit, share * 0.95)
        outline = scene.blob(middle, height * (0.33 - 0.19 * share))
        scene.shape(outline, colour, light=0.18, rounded=True, own_label=step in {0, 3})


def pine(scene: Scene, foot: Point, height: float) -> None:
    """A fir of stacked tiers."""
    palette, rng = scene.palette, scene.rng
    tiers = 5
    body = mix(palette.leaf, palette.dark, float(rng.uniform(0.05, 0.35)))
    for tier in range(tiers):
        low = foot[1] - height * (0.08 + 0.19 * tier)
        wide = height * 0.21 * (1 - tier / tiers) * rng.uniform(0.9, 1.1) + 0.003
        tip = (foot[0], low - height * 0.30)
        points = [(foot[0] - wide, low), tip, (foot[0] + wide, low), (foot[0], low - 0.1 * wide)]
        scene.shape(points, body, angle=np.pi / 2, light=0.25, own_label=tier == 0)


def water(scene: Scene, top: float) -> None:
    """Open water from ``top`` down, with ripples and a path of light under the sun."""
    palette, rng = scene.palette, scene.rng
    depth = np.clip((scene.y - top) / max(1 - top, 0.05), 0, 1)
    pale = mix(palette.water, palette.sky_low, 0.5)
    swell = fractal(rng, scene.size, cells=14, octaves=2, aspect=6)
    deep = mix(palette.water, palette.dark, 0.25)
    colour = mix(pale, deep, np.clip(depth**0.8 + 0.14 * swell, 0, 1))
    scene.lay(scene.y >= top, colour, (0.12 * swell).astype(np.float32))
    for _ in range(46):
        place = float(rng.random()) ** 1.4
        y = top + place * (1 - top)
        reach = (0.015 + 0.06 * place) * rng.uniform(0.6, 1.5)
        tone = mix(pale, palette.dark, 0.5) if rng.random() < 0.4 else mix(pale, palette.light, 0.3)
        _ripple(scene, (rng.random(), y), reach, mix(tone, palette.water, 0.35))
    for _ in range(26):
        place = float(rng.random())
        y = top + 0.008 + place * (1 - top) * 0.9
        x = scene.sun[0] + rng.normal(0, 0.012 + 0.05 * place)
        _ripple(scene, (x, y), (0.012 + 0.045 * place) * rng.uniform(0.5, 1.3), palette.sun)


def reflect(scene: Scene, line: float, *, share: float = 0.45) -> None:
    """Mirror what stands above ``line`` into the water below it, broken by ripples."""
    size, rng = scene.size, scene.rng
    row = int(line * size)
    below = np.arange(row, size)
    source = np.clip(2 * row - below - 1, 0, row - 1)
    sway = 7 * fractal(rng, size, cells=26, octaves=2, aspect=7)[row:]
    columns = np.clip(np.arange(size)[None, :] + np.rint(sway).astype(int), 0, size - 1)
    image = scene.colour[source[:, None], columns]
    tint = mix(scene.palette.water, scene.palette.dark, 0.15)
    fade = np.clip((below - row) / (size - row), 0, 1)[:, None] * 0.45 + (1 - share)
    scene.colour[row:] = mix(image, tint, np.broadcast_to(fade, image.shape[:2]))
    labels = scene.label[source[:, None], columns]
    scene.label[row:] = labels + scene.count
    scene.count *= 2
    scene.angle[row:] = 0.12 * fractal(rng, size, cells=12, aspect=5)[row:]


def boat(scene: Scene, place: Point, length: float) -> None:
    """A small sailing boat with two sails and its reflection."""
    palette, rng = scene.palette, scene.rng
    x, y = place
    ahead = 1.0 if rng.random() < 0.5 else -1.0
    hull = [
        (x - 0.5 * length * ahead, y - 0.13 * length),
        (x + 0.62 * length * ahead, y - 0.17 * length),
        (x + 0.38 * length * ahead, y + 0.06 * length),
        (x - 0.38 * length * ahead, y + 0.06 * length),
    ]
    sail = mix(palette.light, palette.sun, 0.2)
    for dip in range(4):
        spread = length * (0.42 - 0.08 * dip)
        _ripple(scene, (x, y + length * (0.13 + 0.10 * dip)), spread, mix(palette.water, sail, 0.5))
    mast = [
        (x - 0.008, y - 0.1 * length),
        (x - 0.003, y - 1.2 * length),
        (x + 0.003, y - 0.1 * length),
    ]
    scene.shape(mast, palette.dark)
    main = [
        (x + 0.02 * ahead * length, y - 1.15 * length),
        (x + 0.52 * ahead * length, y - 0.26 * length),
        (x + 0.02 * ahead * length, y - 0.20 * length),
    ]
    jib = [
        (x - 0.04 * ahead * length, y - 1.02 * length),
        (x - 0.05 * ahead * length, y - 0.22 * length),
        (x - 0.42 * ahead * length, y - 0.22 * length),
    ]
    scene.shape(main, sail, angle=1.2, light=0.12)
    scene.shape(jib, palette.accent_two, angle=1.9, light=0.12)
    scene.shape(hull, palette.accent, light=0.2)


def house(scene: Scene, foot: Point, width: float) -> None:
    """A house with a lit front, a shaded side, a pitched roof and windows."""
    palette, rng = scene.palette, scene.rng
    tall = width * rng.uniform(0.6, 1.0)
    wall = mix(palette.light, palette.field, float(rng.uniform(0.05, 0.45)))
    roof = mix(palette.accent, palette.dark, float(rng.uniform(0.0, 0.3)))
    _walls(scene, foot, width, tall, wall)
    _roof(scene, foot, width, tall, roof)
    _windows(scene, foot, width, tall)


def _walls(scene: Scene, foot: Point, width: float, tall: float, wall: np.ndarray) -> None:
    x, y = foot
    side, peak = width * 0.42, tall + width * 0.42
    scene.shape(
        [
            (x + width, y),
            (x + width + side, y),
            (x + width + side, y - tall),
            (x + width, y - tall),
        ],
        mix(wall, scene.palette.dark, 0.35),
        angle=np.pi / 2,
    )
    scene.shape(
        [(x, y), (x, y - tall), (x + width / 2, y - peak), (x + width, y - tall), (x + width, y)],
        wall,
        angle=np.pi / 2,
        light=0.06,
    )


def _roof(scene: Scene, foot: Point, width: float, tall: float, roof: np.ndarray) -> None:
    x, y = foot
    side, peak = width * 0.42, tall + width * 0.42
    scene.shape(
        [
            (x + width / 2, y - peak),
            (x + width / 2 + side, y - peak),
            (x + width + side + 0.05 * width, y - tall),
            (x + width, y - tall),
        ],
        roof,
        angle=0.9,
        light=0.1,
    )


def _windows(scene: Scene, foot: Point, width: float, tall: float) -> None:
    x, y = foot
    pane = mix(scene.palette.dark, scene.palette.sky_high, 0.3)
    for column in (0.22, 0.6):
        left, top = x + column * width, y - tall * 0.72
        scene.shape(
            [
                (left, top),
                (left + 0.17 * width, top),
                (left + 0.17 * width, top + 0.28 * tall),
                (left, top + 0.28 * tall),
            ],
            pane,
        )


def _ripple(scene: Scene, place: Point, reach: float, colour: Field) -> None:
    outline = scene.disc(place, reach, flat=min(0.16, 0.0042 / max(reach, 1e-4) + 0.05), steps=14)
    scene.shape(outline, colour)


def _blended_angle(one: Field, other: Field, share: Field) -> Field:
    """Blend two stroke directions as double-angle vectors, since a stroke has no head."""
    down = np.sin(2 * one) * share + np.sin(2 * other) * (1 - share)
    right = np.cos(2 * one) * share + np.cos(2 * other) * (1 - share)
    return (0.5 * np.arctan2(down, right)).astype(np.float32)
