"""The pictures of a folder as pytorch-fid finds and reads them.

Departures from ``images.decode``, on purpose: no EXIF rotation, no size policy, transparency
dropped, so that the numbers are those that papers print.
"""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import overload

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from evaluator.errors import ParticipantError

__all__ = [
    "EXTENSIONS",
    "MINIMUM",
    "Found",
    "PictureFiles",
    "digest_of",
    "find_pictures",
    "read_picture",
]

EXTENSIONS = frozenset({"bmp", "jpg", "jpeg", "pgm", "png", "ppm", "tif", "tiff", "webp"})
"""pytorch-fid's; it takes them in lower case only, and passes over the others in silence."""

MINIMUM = 2  # a covariance needs as many

# Decoders outside this list are never tried: some of them start other programs (EPS).
_FORMATS = ("BMP", "JPEG", "PNG", "PPM", "TIFF", "WEBP")


@dataclass(frozen=True, slots=True)
class PictureFiles(Sequence[Path]):
    """Files of a folder by their names: a path takes seven times as much memory as its name."""

    folder: Path
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.names)

    @overload
    def __getitem__(self, index: int) -> Path: ...
    @overload
    def __getitem__(self, index: slice) -> "PictureFiles": ...
    def __getitem__(self, index: int | slice) -> "Path | PictureFiles":
        if isinstance(index, slice):
            return PictureFiles(self.folder, self.names[index])
        return self.folder / self.names[index]


@dataclass(frozen=True, slots=True)
class Found:
    """The pictures directly in a folder, sorted, and how many other files lie beside them."""

    pictures: PictureFiles
    others: int


def find_pictures(folder: Path) -> Found:
    """What is directly in ``folder``; ParticipantError ``fid.*`` below two pictures."""
    names = _names_in(folder)
    pictures = tuple(name for name in names if _ending(name) in EXTENSIONS)
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
    # pytorch-fid takes hidden pictures, too; other hidden files are nobody's pictures.
    others = sum(not name.startswith(".") and _ending(name) not in EXTENSIONS for name in names)
    return Found(PictureFiles(folder, pictures), others)


def _ending(name: str) -> str:
    return Path(name).suffix[1:].lower()


def _names_in(folder: Path) -> list[str]:
    try:
        if folder.is_dir():
            with os.scandir(folder) as entries:
                return sorted(entry.name for entry in entries if not entry.is_dir())
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
