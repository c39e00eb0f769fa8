"""The one way a picture file becomes pixels: the picture policy, its checks and the encoders.

Everyone (participants' laptops, the site, the baselines) decodes here, so a number can never
differ because two programs resized differently. Nothing here knows about datasets or entries.
"""

import io
import struct
import zlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import PIL
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError, features

from evaluator.errors import OrganiserError

__all__ = [
    "PICTURE_SUFFIXES",
    "PicturePolicy",
    "decode",
    "decoded_size",
    "decoder_version",
    "encode_jpeg",
    "encode_png",
    "require_one_size",
    "size_of",
]

PICTURE_SUFFIXES: frozenset[str] = frozenset(
    {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif"}
)

# Decoders outside this list are never tried: some of them start other programs (EPS).
_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF")
_PLAIN_MODES = frozenset({"1", "L", "P", "RGB"})
_ALPHA_MODES = frozenset({"RGBA", "LA", "PA", "RGBa", "La"})
_DEEP_MODES = frozenset({"I", "F", "I;16", "I;16B", "I;16L", "I;16N"})
# What Pillow raises at damaged files, most of it by accident.
_DAMAGE = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
_TIFF_BITS_PER_SAMPLE = 258
_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
# libwebp keeps two canvases and Pillow two copies more: 16 bytes a pixel, where others take 8.
_WEBP_MAX_PIXELS = 25_000_000


def decoder_version() -> str:
    """Pillow's and its JPEG decoder's: pixels of two versions may differ."""
    return f"pillow {PIL.__version__}, jpeg {features.version('jpg')}"


@dataclass(frozen=True, slots=True)
class PicturePolicy:
    """How a file becomes pixels; part of every protocol's digest.

    ``size``: the short side is resized to it (Pillow Lanczos, uint8), then the centre
    ``size``×``size`` is cut out; None keeps the native size. ``min_side``: pictures with a
    shorter side are refused. ``max_pixels``: pictures with more are refused before decoding.
    """

    size: int | None = 256
    min_side: int = 64
    max_pixels: int = 50_000_000


def decode(
    source: Path | bytes, policy: PicturePolicy, *, name: str | None = None
) -> NDArray[np.uint8]:
    """Decode one picture to RGB uint8 [H, W, 3] in 0..255, EXIF orientation applied.

    The header is checked before a pixel is decoded. Grey and opaque palette pictures become RGB;
    embedded colour profiles are ignored, as the field's reference implementations do.
    Raises OrganiserError ``picture.unreadable``, ``.truncated``, ``.too_small``, ``.too_large``,
    ``.animated``, ``.cmyk``, ``.sixteen_bit`` or ``.alpha``, its sentence naming ``name`` (the
    file's name by default).
    """
    label = name or (source.name if isinstance(source, Path) else "the picture")
    head = _head(source, label)
    with _open(source, label) as picture:
        _check_size(picture.size, policy, label)
        _check_memory(picture, label)
        _check_frames(picture, label)
        _check_mode(picture, head, label)
        rgb = _load(picture, label)
    return np.array(rgb if policy.size is None else _fit(rgb, policy.size), dtype=np.uint8)


def size_of(path: Path) -> tuple[int, int]:
    """(width, height) as the file's header states them; OrganiserError ``picture.unreadable``."""
    with _open(path, path.name) as picture:
        return picture.size


def decoded_size(path: Path, policy: PicturePolicy) -> tuple[int, int]:
    """(width, height) of what ``decode`` gives; decodes only where the policy leaves it open."""
    if policy.size is not None:
        return policy.size, policy.size
    height, width, _ = decode(path, policy).shape  # EXIF may turn it, wherever in the file it lies
    return width, height


def encode_png(pixels: NDArray[np.uint8]) -> bytes:
    """Encode RGB uint8 [H, W, 3] losslessly; ``decode`` gives the same pixels back."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def encode_jpeg(pixels: NDArray[np.uint8], quality: int = 92) -> bytes:
    """Encode RGB uint8 [H, W, 3] for showing; never for scoring, since it is lossy."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality, optimize=True)
    return buffer.getvalue()


def require_one_size(sizes: Iterable[tuple[str, tuple[int, int]]]) -> None:
    """Refuse a native-size set whose (name, (height, width)) differ: ``picture.mixed_sizes``."""
    pairs = list(sizes)
    for name, size in pairs[1:]:
        first, expected = pairs[0]
        if size != expected:
            raise OrganiserError(
                "picture.mixed_sizes",
                f"{name} is {size[1]}×{size[0]} but {first} is {expected[1]}×{expected[0]}: a set "
                "kept at native size needs pictures of one size; resize them, or use a policy "
                "with a size.",
            )


def _head(source: Path | bytes, label: str) -> bytes:
    """The first bytes of the file: enough for a PNG's bit depth, which Pillow hides."""
    if isinstance(source, bytes):
        return source[:32]
    try:
        with source.open("rb") as file:
            return file.read(32)
    except OSError as error:
        reason = error.strerror or "it cannot be opened"
        raise _fault("unreadable", f"{label} cannot be read ({reason}); check the file.") from error


def _open(source: Path | bytes, label: str) -> Image.Image:
    stream = io.BytesIO(source) if isinstance(source, bytes) else source
    try:
        return Image.open(stream, formats=_FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _fault(
            "too_large", f"{label} claims far too many pixels; hand in a smaller picture."
        ) from error
    except (UnidentifiedImageError, *_DAMAGE) as error:
        raise _fault(
            "unreadable",
            f"{label} is not a picture that can be read; save it again as PNG or JPEG.",
        ) from error


def _check_size(size: tuple[int, int], policy: PicturePolicy, label: str) -> None:
    width, height = size
    if width * height > policy.max_pixels:
        raise _fault(
            "too_large",
            f"{label} is {width}×{height}, more than {policy.max_pixels:,} pixels; scale it down.",
        )
    if min(size) < policy.min_side:
        raise _fault(
            "too_small",
            f"{label} is {width}×{height}, but each side must have at least {policy.min_side} "
            "pixels; use a larger picture.",
        )
    # A very long strip would grow while its short side is brought up to the policy's size.
    if policy.size is not None and policy.size**2 * max(size) > policy.max_pixels * min(size):
        raise _fault(
            "too_large",
            f"{label} is {width}×{height}, too long a strip to resize; crop it nearer to a square.",
        )


def _check_memory(picture: Image.Image, label: str) -> None:
    width, height = picture.size
    if picture.format == "WEBP" and width * height > _WEBP_MAX_PIXELS:
        raise _fault(
            "too_large",
            f"{label} is {width}×{height}, more than the {_WEBP_MAX_PIXELS:,} pixels of a WebP; "
            "save it as PNG or JPEG, or scale it down.",
        )


def _check_frames(picture: Image.Image, label: str) -> None:
    # MPO is how phones and cameras store a JPEG with a preview; its first frame is the picture.
    try:
        frames = 1 if picture.format == "MPO" else int(getattr(picture, "n_frames", 1))
    except _DAMAGE as error:
        raise _damaged(label) from error
    if frames > 1:
        raise _fault(
            "animated",
            f"{label} holds {frames} frames; save the one you mean as a still picture.",
        )


def _check_mode(picture: Image.Image, head: bytes, label: str) -> None:
    if picture.mode == "CMYK":
        raise _fault("cmyk", f"{label} is in CMYK colours; convert it to RGB and save it again.")
    if picture.mode in _DEEP_MODES or _bits_per_channel(picture, head) > 8:
        raise _fault(
            "sixteen_bit",
            f"{label} has more than 8 bits per channel; save it with 8 bits per channel.",
        )
    if picture.mode in _ALPHA_MODES or "transparency" in picture.info:
        raise _fault(
            "alpha",
            f"{label} has an alpha channel (transparency); flatten it onto a background and save "
            "it as RGB.",
        )
    if picture.mode not in _PLAIN_MODES:
        raise _fault(
            "unreadable",
            f"{label} uses the colour space {picture.mode}; convert it to RGB and save it again.",
        )


def _bits_per_channel(picture: Image.Image, head: bytes) -> int:
    """The file's own depth: Pillow silently strips 16-bit RGB files to 8 bits."""
    if head.startswith(_PNG_MAGIC) and len(head) > 24:
        return head[24]
    if picture.format == "TIFF":
        bits = picture.tag_v2.get(_TIFF_BITS_PER_SAMPLE, (8,))  # type: ignore[attr-defined]
        return max(bits) if isinstance(bits, tuple) else int(bits)
    return 8


def _load(picture: Image.Image, label: str) -> Image.Image:
    try:
        picture.load()
        _turn_upright(picture)
        return picture if picture.mode == "RGB" else picture.convert("RGB")
    except _DAMAGE as error:
        raise _damaged(label) from error


def _turn_upright(picture: Image.Image) -> None:
    """In place: a copy of the largest picture that is let through takes 200 MB."""
    # A broken EXIF block says nothing about the pixels: leave them as stored.
    with suppress(*_DAMAGE):
        ImageOps.exif_transpose(picture, in_place=True)


def _fit(picture: Image.Image, size: int) -> Image.Image:
    """Short side to ``size``, then the centre square; rounding as torchvision's transforms do."""
    width, height = picture.size
    short = min(width, height)
    if short != size:
        width, height = int(size * width / short), int(size * height / short)
        picture = picture.resize((width, height), Image.Resampling.LANCZOS)
    left, top = round((width - size) / 2), round((height - size) / 2)
    return picture.crop((left, top, left + size, top + size))


def _damaged(label: str) -> OrganiserError:
    return _fault("truncated", f"{label} is cut short or damaged; copy or export it again.")


def _fault(kind: str, sentence: str) -> OrganiserError:
    return OrganiserError(f"picture.{kind}", sentence)
