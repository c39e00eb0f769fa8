"""Brush work: strokes that follow a direction field, the streaks of bristles, and dots."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from evaluator.demo.painting.noise import Field, grain, shift

__all__ = ["Paint", "bristles", "dots", "scattered", "strokes"]


@dataclass(slots=True)
class Paint:
    """Wet paint on a ground: ``canvas`` is RGBA, its fourth band the height of the paint."""

    canvas: Image.Image

    @classmethod
    def on(cls, ground: Field) -> "Paint":
        """Start on a ground [S, S, 3] without height."""
        level = np.full((*ground.shape[:2], 1), 0.3, np.float32)
        return cls(Image.fromarray(_bytes(np.concatenate([ground, level], -1)), "RGBA"))

    def colour(self) -> Field:
        """[S, S, 3] in 0..1."""
        return np.asarray(self.canvas, np.float32)[..., :3] / 255

    def height(self) -> Field:
        """[S, S] in 0..1."""
        return np.asarray(self.canvas, np.float32)[..., 3] / 255


def scattered(rng: np.random.Generator, size: int, spacing: float) -> Field:
    """Middles [N, 2] (row, column) on a jittered grid, in random order."""
    steps = np.arange(-spacing / 2, size + spacing, spacing)
    places = np.stack(np.meshgrid(steps, steps, indexing="ij"), -1).reshape(-1, 2)
    places += rng.uniform(-0.5, 0.5, places.shape) * spacing
    return rng.permutation(places).astype(np.float32)


def strokes(
    paint: Paint,
    rng: np.random.Generator,
    source: Field,
    angle: Field,
    *,
    spacing: float,
    width: float,
    length: float,
    where: NDArray[np.bool_] | None = None,
    vary: float = 0.06,
    stray: float = 0.12,
) -> None:
    """Lay strokes of ``source``'s colours along ``angle``; a stroke ends where the colour turns."""
    last = source.shape[0] - 1
    start = scattered(rng, source.shape[0], spacing)
    if where is not None:
        start = start[where[_at(start, last)]]
    tone = source[_at(start, last)]
    path, steps = _followed(start, angle, tone, source, length=length, stray=stray, rng=rng)
    shade = 1 + rng.normal(0, vary, (len(start), 1)).astype(np.float32)
    body = np.clip(tone * shade + rng.normal(0, vary / 3, tone.shape), 0, 1)
    draw = ImageDraw.Draw(paint.canvas)
    # A loaded brush leaves a ridge on one side and a furrow on the other.
    bands = ((0.0, 1.0, 0.94, 120), (-0.27, 0.34, 1.10, 235), (0.30, 0.26, 0.90, 70))
    inks = [_inks(body * factor, height) for _, _, factor, height in bands]
    across = _normals(path) * np.float32(width)
    lines = [path + across * np.float32(offset) for offset, *_ in bands]
    for index in range(len(start)):
        end = int(steps[index]) + 1
        for (_, share, _, _), line, ink in zip(bands, lines, inks, strict=True):
            points = line[index, :end, ::-1].ravel().tolist()
            draw.line(points, fill=ink[index], width=max(1, round(width * share)))


def dots(
    canvas: Image.Image,
    middles: Field,
    colours: Field,
    radii: Field,
) -> None:
    """Round dots, later ones over earlier ones, on an RGB canvas."""
    draw = ImageDraw.Draw(canvas)
    inks = [tuple(ink) for ink in _bytes(colours).tolist()]
    for (row, column), ink, radius in zip(middles.tolist(), inks, radii.tolist(), strict=True):
        draw.ellipse((column - radius, row - radius, column + radius, row + radius), fill=ink)


def bristles(rng: np.random.Generator, angle: Field, *, reach: int = 7) -> Field:
    """White noise smeared along ``angle`` (line integral convolution): about -1..1."""
    noise = grain(rng, angle.shape[0])
    down, right = np.sin(angle), np.cos(angle)
    total = noise.copy()
    for step in range(1, reach + 1):
        total += shift(noise, down * step, right * step) + shift(noise, -down * step, -right * step)
    return np.asarray(np.clip(total / (np.sqrt(2 * reach + 1) * 1.2), -1, 1), np.float32)


def _followed(
    start: Field,
    angle: Field,
    tone: Field,
    source: Field,
    *,
    length: float,
    stray: float,
    rng: np.random.Generator,
) -> tuple[Field, NDArray[np.int_]]:
    """Paths [N, K, 2] along the field from each start, and the last step each may use."""
    last, count = angle.shape[0] - 1, 6
    lengths = length * rng.uniform(0.6, 1.3, (len(start), 1)).astype(np.float32) / count
    lean = rng.normal(0, stray, len(start)).astype(np.float32)
    path, place = [start], start
    heading = _direction(angle[_at(start, last)] + lean)
    alive = np.ones(len(start), bool)
    steps = np.ones(len(start), np.int64)
    for step in range(count):
        way = _direction(angle[_at(place, last)] + lean)
        way *= np.where((way * heading).sum(-1, keepdims=True) < 0, -1, 1).astype(np.float32)
        heading, place = way, place + way * lengths
        path.append(place)
        alive &= np.abs(source[_at(place, last)] - tone).sum(-1) < 0.33
        steps = np.where(alive, step + 1, steps)
    return np.stack(path, 1), steps


def _normals(path: Field) -> Field:
    way = np.gradient(path, axis=1)
    way /= np.maximum(np.linalg.norm(way, axis=-1, keepdims=True), 1e-6)
    return np.stack([way[..., 1], -way[..., 0]], -1).astype(np.float32)


def _direction(angle: Field) -> Field:
    return np.stack([np.sin(angle), np.cos(angle)], -1).astype(np.float32)


def _at(places: Field, last: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    inside = np.clip(places, 0, last).astype(np.int32)
    return inside[:, 0], inside[:, 1]


def _inks(colours: Field, height: int) -> list[tuple[int, ...]]:
    levels = np.full((len(colours), 1), height / 255, np.float32)
    return [tuple(ink) for ink in _bytes(np.concatenate([colours, levels], -1)).tolist()]


def _bytes(colours: Field) -> NDArray[np.uint8]:
    return np.rint(np.clip(colours, 0, 1) * 255).astype(np.uint8)
