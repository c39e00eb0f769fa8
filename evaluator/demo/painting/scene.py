"""The scene: a composition before any medium, as colours, regions and stroke directions.

Motifs lay shapes onto it from back to front; a family then renders it in its own medium. The
coordinates are x to the right and y down, both 0..1.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from evaluator.demo.painting.noise import Field, line_noise
from evaluator.demo.painting.palettes import Colour, Palette

__all__ = ["Point", "Scene"]

Point = tuple[float, float]
Mask = NDArray[np.bool_]


@dataclass(slots=True)
class Scene:
    """A composition being laid: ``colour`` [S, S, 3], ``label`` [S, S] (one number a shape) and
    ``angle`` [S, S] (radians, the way a brush would run there)."""

    size: int
    rng: np.random.Generator
    palette: Palette
    sun: Point = (0.7, 0.2)
    horizon: float = 0.5
    colour: Field = field(init=False)
    angle: Field = field(init=False)
    label: NDArray[np.int32] = field(init=False)
    x: Field = field(init=False)
    y: Field = field(init=False)
    count: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        size = self.size
        self.colour = np.zeros((size, size, 3), np.float32)
        self.angle = np.zeros((size, size), np.float32)
        self.label = np.zeros((size, size), np.int32)
        steps = (np.arange(size, dtype=np.float32) + 0.5) / np.float32(size)
        self.x, self.y = np.broadcast_to(steps, (size, size)), steps[:, None].repeat(size, 1)

    def lay(self, mask: Mask, colour: Colour, angle: Field | float = 0.0) -> None:
        """Lay a region: ``colour`` is [3] or [S, S, 3], ``angle`` a number or [S, S]."""
        self.count += 1
        self.label[mask] = self.count
        for k in range(3):
            np.copyto(self.colour[..., k], colour[..., k], where=mask)
        np.copyto(self.angle, np.float32(angle), where=mask)

    def lay_pieces(self, mask: Mask, piece: NDArray[np.int_], colour: Colour, angle: Field) -> None:
        """Lay a region that is several shapes, numbered by ``piece`` [S, S], all at once."""
        self.label[mask] = self.count + 1 + piece[mask]
        self.count += 1 + int(piece.max())
        self.colour[mask], self.angle[mask] = colour[mask], angle[mask]

    def shape(
        self,
        points: Sequence[Point],
        colour: Colour,
        *,
        angle: float = 0.0,
        light: float = 0.0,
        rounded: bool = False,
        own_label: bool = True,
    ) -> None:
        """Lay a polygon. ``light`` shades it away from the sun by that share; ``rounded`` lets
        strokes run around its middle; without ``own_label`` it joins the shape laid before."""
        corners = np.asarray(points, np.float64) * self.size
        low = np.floor(corners.min(0)).astype(int)
        high = np.ceil(corners.max(0)).astype(int) + 1
        left, top = np.maximum(low, 0)
        right, bottom = np.minimum(high, self.size)
        if right <= left or bottom <= top:
            return
        stencil = Image.new("1", (int(right - left), int(bottom - top)))
        ImageDraw.Draw(stencil).polygon(
            [(float(x - left), float(y - top)) for x, y in corners], fill=1
        )
        mask = np.asarray(stencil)
        box = (slice(top, bottom), slice(left, right))
        middle, half = (low + high) / 2, np.maximum((high - low) / 2, 1)
        across = ((np.arange(left, right) - middle[0]) / half[0]).astype(np.float32)[None, :]
        down = ((np.arange(top, bottom) - middle[1]) / half[1]).astype(np.float32)[:, None]
        self.count += int(own_label)
        self.label[box][mask] = self.count
        tone = self._toward_sun(middle / self.size, across, down) * np.float32(light)
        self.colour[box][mask] = np.clip(colour * (1 + tone[..., None]), 0, 1)[mask]
        run = np.arctan2(across + 0 * down, -down + 0 * across) if rounded else 0 * tone
        self.angle[box][mask] = (run + np.float32(angle))[mask]

    def _toward_sun(self, middle: NDArray[np.float64], across: Field, down: Field) -> Field:
        way = np.array(self.sun) - middle
        way /= max(float(np.hypot(*way)), 1e-6)
        return (across * np.float32(way[0]) + down * np.float32(way[1])).astype(np.float32)

    def ridge(self, base: float, swell: float, *, cells: float, octaves: int = 3) -> Field:
        """A skyline [S] around height ``base``, rising and falling by ``swell``."""
        line = line_noise(self.rng, self.size, cells=cells, octaves=octaves)
        return (np.float32(base) + np.float32(swell) * line).astype(np.float32)

    def below(self, ridge: Field) -> Mask:
        """Everything under a skyline."""
        return self.y >= ridge[None, :]

    def disc(self, middle: Point, radius: float, flat: float = 1.0, steps: int = 40) -> list[Point]:
        """The outline of an ellipse; ``flat`` squeezes it in height."""
        turns = np.linspace(0, 2 * np.pi, steps, endpoint=False)
        return [
            (middle[0] + radius * float(np.cos(t)), middle[1] + radius * flat * float(np.sin(t)))
            for t in turns
        ]

    def blob(
        self, middle: Point, radius: float, *, flat: float = 1.0, wobble: float = 0.18
    ) -> list[Point]:
        """The outline of a soft irregular round: foliage, a cloud, a petal."""
        steps = 32
        turns = np.linspace(0, 2 * np.pi, steps, endpoint=False)
        phases = self.rng.uniform(0, 2 * np.pi, 3)
        weights = self.rng.uniform(0.3, 1.0, 3)
        swell = sum(
            weight * np.sin(k * turns + phase)
            for k, phase, weight in zip((2, 3, 5), phases, weights, strict=True)
        )
        reach = radius * (1 + wobble * np.asarray(swell) / 1.5)
        return [
            (middle[0] + float(r * np.cos(t)), middle[1] + float(r * flat * np.sin(t)))
            for r, t in zip(reach, turns, strict=True)
        ]
