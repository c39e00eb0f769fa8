"""The pictures of a folder as pytorch-fid finds and reads them.

Departures from ``images.decode``, on purpose: no EXIF rotation, no size policy, transparency
dropped, so that the numbers are those that papers print.
"""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from evaluator.errors import ParticipantError

__all__ = ["EXTENSIONS", "MINIMUM", "Found", "digest_of", "find_pictures", "read_picture"]

EXTENSIONS = frozenset({"bmp", "jpg", "jpeg", "pgm", "png", "ppm", "tif", "tiff", "webp"})
"""pytorch-fid's; it takes them in lower case only, and passes over the others in silence."""

MINIMUM = 2  # a covariance needs as many

# Decoders outside this list are never tried: some of them start other programs (EPS).
_FORMATS = ("BMP", "JPEG", "PNG", "PPM", "TIFF", "WEBP")


@dataclass(frozen=True, slots=True)
class Found:
    """The pictures directly in a folder, sorted, and how many other files lie beside them."""

    pictures: tuple[Path, ...]
    others: int


def find_pictures(folder: Path) -> Found:
    """What is directly in ``folder``; ParticipantError ``fid.*`` below two pictures."""
    files = _files_in(folder)
    pictures = tuple(path for path in files if path.suffix[1:].lower() in EXTENSIONS)
    if not pictures:
        raise ParticipantError(
            "fid.empty",
            f"There is no picture in {folder}: files directly in it ending in "
            f"{', '.join(sorted(EXTENSIONS))} are taken.",
        )
    if len(pictures) < MINIMUM:
        raise ParticipantError(
            "fid.too_few",
            f"{folder} holds one picture only; FID needs at least {MINIMUM} on each side, and "
            "says little below some thousands.",
        )
    return Found(pictures, sum(not path.name.startswith(".") for path in files) - len(pictures))


def _files_in(folder: Path) -> list[Path]:
    try:
        if folder.is_dir():
            with os.scandir(folder) as entries:
                return sorted(folder / entry.name for entry in entries if not entry.is_dir())
    except OSError as error:
        raise ParticipantError(
            "fid.unreadable", f"{folder} cannot be read: {error.strerror}; check the folder."
        ) from error
    raise ParticipantError(
        "fid.missing",
        f"{folder} is neither a folder of pictures nor a .npz file of statistics; check the path.",
    )


def read_picture(path: Path) -> NDArray[np.uint8]:
    """RGB uint8 [H, W, 3]; ParticipantError ``fid.unreadable`` or ``fid.too_large``."""
    try:
        with Image.open(path, formats=_FORMATS) as picture:
            return np.array(picture.convert("RGB"), dtype=np.uint8)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ParticipantError(
            "fid.too_large", f"{path} claims far too many pixels; scale it down or remove it."
        ) from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError) as error:
        raise ParticipantError(
            "fid.unreadable",
            f"{path} is not a picture that can be read; save it again as PNG or JPEG, or remove "
            "it from the folder.",
        ) from error


def digest_of(pictures: Sequence[Path]) -> str:
    """sha256 over the pictures' bytes, in order; names do not matter."""
    whole = hashlib.sha256()
    for path in pictures:
        try:
            with path.open("rb") as file:
                whole.update(hashlib.file_digest(file, "sha256").digest())
        except OSError as error:
            raise ParticipantError(
                "fid.unreadable", f"{path} cannot be read: {error.strerror}; check the file."
            ) from error
    return whole.hexdigest()
