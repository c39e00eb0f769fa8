"""Curated palettes: twelve moods, each with the roles that a composition asks for.

Colours are float32 RGB in 0..1, gamma-encoded as on a screen, where painters mix by eye.
"""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["PALETTES", "Colour", "Palette", "luminance", "mix", "saturate", "scaled", "tinted"]

Colour = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Palette:
    """One mood: a colour [3] for each role."""

    sky_high: Colour
    sky_low: Colour
    sun: Colour
    far: Colour
    near: Colour
    field: Colour
    water: Colour
    leaf: Colour
    leaf_lit: Colour
    accent: Colour
    accent_two: Colour
    dark: Colour
    light: Colour


def _palette(hexes: str) -> Palette:
    colours = [
        np.frombuffer(bytes.fromhex(code), np.uint8).astype(np.float32) / 255
        for code in hexes.split()
    ]
    return Palette(*colours)


# sky_high sky_low sun far near field water leaf leaf_lit accent accent_two dark light
_MOODS: dict[str, str] = {
    "provence morning": "3e6c9e f6d6a8 fff1c1 8fa3c4 5e7f4f d9a441 5e97b0"
    " 2f5d44 7c9a3e c8553d 8e6bb0 22313f fbf3e1",
    "ember dusk": "2b2d5b f08a4b ffd27a 6b4c7a 3b2f4f b5523b 4a4e8c"
    " 27343f 6e5a34 e4572e f2b134 1a1826 fce8cf",
    "northern light": "8fb8c9 e9efe6 fffdf0 a9bfc8 4f7178 c7cba3 6e9fb0"
    " 2c4b4a 6c8c6b b84a3a e0b34c 1f2d36 f6f5ec",
    "autumn": "7fa7b8 f7e2bc fff3d1 9c8fa3 8a5a32 d98e32 5b8a94"
    " b5451f e0a526 8c2f1e f0c75e 33231c faf0dc",
    "starry": "0f1f4b 3f6fb0 ffe27a 2b4c82 1c3a5a 3e6e5e 1f4e8c"
    " 10302f 3e7a5a f2b632 e98a3a 0a1226 f4ebcb",
    "rose garden": "9aa7d1 f9d5d3 fff0dc b79bc0 7a8f6a e3b7a0 8fb3cf"
    " 3f6650 9db36b d1495b edae49 3a2c45 fdf4ee",
    "desert": "2e8b9a f9e0b0 fff6d6 d99a6c b5562f e2b05e 3e9aa0"
    " 4f6b3a 9aa54a 9e2b25 1f5f6b 3b1f1a fdf1da",
    "jade": "a9d1c4 f4efd3 e4572e 8fb8a8 3f7a6a b8c77e 2f6f7e"
    " 1f4f44 6fa35a d8432f e8b84a 16302f f7f1dc",
    "indigo": "24477a eadfc4 d9402e 7c93ae 34557f c9b98a 2c5a8c"
    " 2f4f4f 7a8f5a c8402e e0a84c 16233a f3e9d0",
    "lavender": "6e79b8 fbd9b5 fff4d0 9d8fc7 6b5ca5 b79ad6 7e9fd0"
    " 3e5a48 8fa05a f27f56 ffd166 2b2346 fbf2ea",
    "grey sea": "4b5d6b d9d6c3 f5ebc8 7c8b90 3f5358 a3a27c 2f6470"
    " 2b3f3a 6f8060 c65b3c d9b65c 1a252b f1eee2",
    "high summer": "2f86c9 cdebf2 fff7c9 7fb2c9 4c9a57 f0c93f 1f8fb8"
    " 1f6b45 8cc04b e84a3a f58fa8 173a4a fffbef",
}

PALETTES: tuple[Palette, ...] = tuple(_palette(hexes) for hexes in _MOODS.values())


def mix(one: Colour, other: Colour, share: Colour | float) -> Colour:
    """``one`` at share 0, ``other`` at 1; ``share`` may be a field [H, W]."""
    part = np.asarray(share, np.float32)
    if part.ndim == 0:
        return (one + (other - one) * part).astype(np.float32)
    # Channel by channel: numpy is slow where the last axis, of three, is the one broadcast.
    mixed = np.empty((*part.shape, 3), np.float32)
    for k in range(3):
        mixed[..., k] = one[..., k] + (other[..., k] - one[..., k]) * part
    return mixed


def scaled(colour: Colour, factor: Colour) -> Colour:
    """Each colour [H, W, 3] times its own factor [H, W]."""
    product = np.empty(colour.shape, np.float32)
    for k in range(3):
        product[..., k] = colour[..., k] * factor
    return product


def luminance(colour: Colour) -> Colour:
    """Rec. 709 luma of gamma-encoded RGB [..., 3] → [...]."""
    return (colour @ np.array([0.2126, 0.7152, 0.0722], np.float32)).astype(np.float32)


def saturate(colour: Colour, factor: float) -> Colour:
    """Push colours away from their own grey by ``factor``, clipped to 0..1."""
    grey = luminance(colour)
    pushed = np.empty(colour.shape, np.float32)
    for k in range(3):
        pushed[..., k] = grey + (colour[..., k] - grey) * factor
    return np.clip(pushed, 0, 1, out=pushed)


def tinted(palette: Palette, rng: np.random.Generator) -> Palette:
    """The same mood in slightly different light: no two works share their exact colours."""
    cast = rng.normal(0, 0.022, 3).astype(np.float32)
    warmth = float(rng.uniform(0.92, 1.12))
    return Palette(
        *(
            np.clip(
                saturate(getattr(palette, role.name), warmth)
                + cast
                + rng.normal(0, 0.012, 3).astype(np.float32),
                0,
                1,
            ).astype(np.float32)
            for role in fields(Palette)
        )
    )
