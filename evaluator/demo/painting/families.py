"""The eight families: each its medium, and the compositions that suit it.

A work is a family and a number; both alone decide it, to the last bit on one machine.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluator.demo.painting import (
    cubist,
    engraving,
    impasto,
    mosaic,
    pointillism,
    stained_glass,
    watercolour,
    woodblock,
)
from evaluator.demo.painting.motifs import MOTIFS
from evaluator.demo.painting.noise import Field
from evaluator.demo.painting.palettes import PALETTES, tinted
from evaluator.demo.painting.scene import Scene
from evaluator.demo.painting.surface import finished

__all__ = ["FAMILIES", "SIDE", "Family", "render"]

SIDE = 256


@dataclass(frozen=True, slots=True)
class Family:
    """A medium: its painter, its motifs and its palettes, walked through by a work's number."""

    name: str
    paint: Callable[[Scene], Field]
    motifs: tuple[str, ...]
    palettes: tuple[int, ...]


FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        Family(
            "cubist-facets",
            cubist.paint,
            ("still_life", "village", "orbits", "sea", "lake"),
            (0, 6, 3, 10, 8, 1, 5, 9, 11, 2, 7),
        ),
        Family(
            "engraving",
            engraving.paint,
            ("lake", "village", "sea", "hills", "still_life"),
            (2, 6, 10, 8, 3, 0, 7, 5, 9, 11, 4),
        ),
        Family(
            "impasto",
            impasto.paint,
            ("hills", "sea", "still_life", "village", "grove"),
            (4, 0, 11, 1, 3, 9, 6, 7, 5, 8, 10),
        ),
        Family(
            "mosaic",
            mosaic.paint,
            ("sea", "still_life", "orbits", "hills", "village"),
            (11, 6, 4, 0, 7, 1, 3, 9, 8, 2, 5),
        ),
        Family(
            "pointillism",
            pointillism.paint,
            ("pond", "hills", "sea", "grove", "lake"),
            (9, 11, 0, 5, 3, 7, 1, 4, 2, 6, 8),
        ),
        Family(
            "stained-glass",
            stained_glass.paint,
            ("sea", "hills", "orbits", "grove", "still_life"),
            (4, 1, 11, 9, 0, 6, 7, 3, 8, 5, 2),
        ),
        Family(
            "watercolour",
            watercolour.paint,
            ("village", "lake", "grove", "still_life", "sea"),
            (5, 0, 2, 9, 3, 11, 7, 1, 6, 10, 8),
        ),
        Family(
            "woodblock",
            woodblock.paint,
            ("sea", "lake", "grove", "hills", "pond"),
            (8, 7, 1, 2, 3, 0, 10, 5, 9, 6, 4),
        ),
    )
}


def render(family: str, number: int) -> NDArray[np.uint8]:
    """Paint one work: RGB uint8 [256, 256, 3], drawn at twice the side and averaged down."""
    kind = FAMILIES[family]
    seed = int.from_bytes(hashlib.sha256(f"{family}/{number}".encode()).digest()[:8])
    rng = np.random.default_rng(seed)
    palette = tinted(PALETTES[kind.palettes[number % len(kind.palettes)]], rng)
    scene = Scene(2 * SIDE, rng, palette)
    MOTIFS[kind.motifs[number % len(kind.motifs)]](scene)
    return np.rint(finished(kind.paint(scene)) * 255).astype(np.uint8)
