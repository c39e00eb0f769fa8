"""The picture decoder: real files of every format it knows, damaged, and bytes that are none."""

import io
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from evaluator.images import PicturePolicy, decode
from tests.fuzz.drawing import Draw, damaged

_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF")
_MODES = ("RGB", "L", "P", "1", "RGBA", "LA", "CMYK", "I;16")
_POLICIES = (PicturePolicy(), PicturePolicy(size=None), PicturePolicy(size=384, min_side=1))
_SIZES = ((64, 64), (256, 300), (1, 1), (64, 4000), (1200, 900))
# A header that claims this much is refused before a pixel of it is decoded.
_MARKS = (b"\0\0\0\1", b"\0\0\xff\xff", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\1\0\0")


def run(data: bytes, folder: Path) -> None:
    """Decode; whatever is accepted is a picture as the policy says."""
    draw = Draw(data)
    policy = draw.pick(_POLICIES)
    picture = draw.rest() if draw.flag() else _damaged_file(draw)
    pixels = decode(picture, policy)
    side = policy.size
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise AssertionError(f"decoded to {pixels.dtype} {pixels.shape}")
    if side is not None and pixels.shape[:2] != (side, side):
        raise AssertionError(f"the policy says {side}, it came as {pixels.shape}")


def _damaged_file(draw: Draw) -> bytes:
    good = _file(draw.pick(_FORMATS), draw.pick(_MODES), draw.pick(_SIZES), draw.whole(1, 8))
    changed = bytearray(good)
    if draw.flag() and len(changed) > 64:  # where headers keep their sizes and offsets
        place, mark = draw.whole(0, 60), draw.pick(_MARKS)
        changed[place : place + len(mark)] = mark
    return damaged(bytes(changed), draw, most=6)


@lru_cache(maxsize=512)
def _file(kind: str, mode: str, size: tuple[int, int], orientation: int) -> bytes:
    """A real file; PNG where the format cannot hold the mode."""
    picture = Image.new("RGB", size, (200, 60, 20)).convert("L" if mode == "I;16" else mode)
    if mode == "I;16":
        picture = Image.fromarray(np.full(size[::-1], 40_000, np.uint16))
    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    try:
        picture.save(buffer, kind, **({"exif": exif} if kind in {"JPEG", "WEBP", "PNG"} else {}))
    except (OSError, ValueError):
        return _file("TIFF", mode, size, orientation) if kind != "TIFF" else b""
    return buffer.getvalue()
