"""Engraving: swelling ink lines that bend around the forms, hatched across in the darks."""

import numpy as np
from scipy.ndimage import gaussian_filter

from evaluator.demo.painting.noise import Field, fractal
from evaluator.demo.painting.palettes import luminance, mix, saturate
from evaluator.demo.painting.regions import edge_distance, means, renumbered
from evaluator.demo.painting.scene import Scene
from evaluator.demo.painting.surface import paper_tooth

__all__ = ["paint"]

PITCH = 6.4  # pixels of the doubled picture between two lines


def paint(scene: Scene) -> Field:
    """The scene as a tinted copperplate print on laid paper: [S, S, 3]."""
    rng, size, palette = scene.rng, scene.size, scene.palette
    dark = _darkness(scene)
    lean = _line_angle(scene)
    bend = 9.0 * gaussian_filter(dark, 5) + 5.0 * fractal(rng, size, cells=3, octaves=2)
    ink = _lines(scene, lean, bend, dark)
    ink = np.maximum(ink, _lines(scene, lean + 1.05, -bend, (dark - 0.5) * 1.5))
    ink = np.maximum(ink, _lines(scene, lean - 0.6, bend, (dark - 0.78) * 2.2))
    contour = np.clip(1.7 - edge_distance(renumbered(scene.label)[0]), 0, 1)
    ink = np.maximum(ink, 0.85 * contour)
    tooth = paper_tooth(rng, size)
    paper = mix(palette.light, np.array([0.96, 0.93, 0.86], np.float32), 0.6) * (
        0.97 + 0.02 * tooth[..., None]
    )
    wash = mix(np.ones(3, np.float32), saturate(scene.colour, 1.15), 0.62)
    plate = _plate(scene)
    paper = np.where((plate > 0)[..., None], paper * wash, paper)
    tone = mix(palette.dark, np.array([0.10, 0.07, 0.05], np.float32), 0.45)
    pressed = np.clip(ink * (0.95 + 0.18 * tooth), 0, 1) * (plate > 0)
    return mix(paper, tone, pressed) * (1 - 0.10 * np.exp(-np.abs(plate) / 1.6))[..., None]


def _darkness(scene: Scene) -> Field:
    """How much ink each place asks for, with the full range of the plate, 0..1."""
    tone = luminance(scene.colour)
    low, high = np.percentile(tone, [2, 98])
    level = np.clip((tone - low) / max(float(high - low), 0.05), 0, 1)
    return np.asarray(np.clip(0.87 - 0.82 * level**0.75, 0, 1), np.float32)


def _line_angle(scene: Scene) -> Field:
    """One direction a shape, so that its lines stay parallel as an engraver's do."""
    labels, count = renumbered(scene.label)
    heads = np.stack([np.sin(2 * scene.angle), np.cos(2 * scene.angle)], -1)
    mean = means(labels, count, heads)
    turn = 0.5 * np.arctan2(mean[:, 0], mean[:, 1])
    return np.asarray(turn[labels], np.float32)


def _lines(scene: Scene, lean: Field, bend: Field, dark: Field) -> Field:
    """Lines along ``lean`` whose width follows ``dark``, anti-aliased: 0..1."""
    across = (scene.y * np.cos(lean) - scene.x * np.sin(lean)) * scene.size + bend
    wave = np.abs(((across / PITCH) % 1) - 0.5) * 2
    return np.asarray(
        np.clip((np.clip(dark, 0, 1) - wave) * PITCH / 2 + 0.25, 0, 1) * (dark > 0.03), np.float32
    )


def _plate(scene: Scene) -> Field:
    """Pixels inside the plate's edge, negative in the margin of the sheet."""
    margin = 0.055
    near = np.minimum(np.minimum(scene.x, 1 - scene.x), np.minimum(scene.y, 1 - scene.y))
    return ((near - margin) * scene.size).astype(np.float32)
