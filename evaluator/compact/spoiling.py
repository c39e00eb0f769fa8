"""Damage and changes that stylised pictures show too: blur, noise, JPEG, colour, few tones."""

import io
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

from evaluator.compact.sources import Pixels

__all__ = ["spoil"]

Rng = np.random.Generator


def spoil(picture: Pixels, rng: Rng) -> Pixels:
    """The picture after one of the changes, of random strength."""
    return _CHANGES[int(rng.integers(len(_CHANGES)))](picture, rng)


def _blur(picture: Pixels, rng: Rng) -> Pixels:
    radius = float(rng.uniform(0.5, 4))
    return np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(radius)))


def _noise(picture: Pixels, rng: Rng) -> Pixels:
    noise = rng.normal(0, rng.uniform(4, 48), picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def _jpeg(picture: Pixels, rng: Rng) -> Pixels:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=int(rng.integers(5, 60)))
    return np.asarray(Image.open(buffer).convert("RGB"))


def _colour(picture: Pixels, rng: Rng) -> Pixels:
    image = Image.fromarray(picture)
    for change in (ImageEnhance.Color, ImageEnhance.Contrast, ImageEnhance.Brightness):
        image = change(image).enhance(float(rng.uniform(0.5, 1.6)))
    return np.asarray(image)


def _tones(picture: Pixels, rng: Rng) -> Pixels:
    step = int(rng.choice([32, 64, 96]))
    return (picture // step * step + step // 2).clip(0, 255).astype(np.uint8)


def _channels(picture: Pixels, rng: Rng) -> Pixels:
    return np.ascontiguousarray(picture[..., rng.permutation(3)])


_CHANGES: tuple[Callable[[Pixels, Rng], Pixels], ...] = (
    _blur,
    _noise,
    _jpeg,
    _colour,
    _tones,
    _channels,
)
