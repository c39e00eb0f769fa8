"""Photographs and paintings to learn from and, apart from them, to be tested on.

Every third picture of a folder is held out: by its place in the order of names, so that nobody
picks what the networks look good on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from evaluator.demo import demo_dataset
from evaluator.errors import ParticipantError

__all__ = [
    "SIDE",
    "Pixels",
    "Sources",
    "distinct",
    "parted",
    "random_crop",
    "sources_of",
]

Pixels = NDArray[np.uint8]
Split = Literal["training", "heldout"]

SIDE = 256
PAINTINGS_COUNT = 6  # times each, so that they are met as often as the demo's many works
HELD_OUT_EVERY, HELD_OUT_PLACE = 3, 1
CHECKED_EVERY = 6
SUFFIXES = {".jpg", ".jpeg", ".png"}


@dataclass(frozen=True, slots=True)
class Sources:
    """Whole pictures, uint8 [H, W, 3] of at least ``SIDE`` pixels a side."""

    contents: tuple[Pixels, ...]
    styles: tuple[Pixels, ...]


def sources_of(images: Path, split: Split) -> Sources:
    """The pictures of a split in ``images/content`` and ``images/style``, and the demo's.

    The demo's public pictures are learned from and its held-out ones, which show other subjects,
    are tested on. Raises ParticipantError ``compact.images``.
    """
    demo = demo_dataset("public" if split == "training" else "heldout")
    works = [picture.path for picture in (*demo.style, *demo.reference)]
    photographs = [picture.path for picture in demo.content] if split == "training" else []
    paintings = _read(_part(images / "style", split))
    return Sources(
        contents=_read([*_part(images / "content", split), *photographs]),
        styles=(*paintings * PAINTINGS_COUNT, *_read(works)),
    )


def parted(sources: Sources) -> tuple[Sources, Sources]:
    """Those to learn from, and every sixth picture to check the learning with."""
    checked = {id(style) for style in distinct(sources.styles)[::CHECKED_EVERY]}
    return Sources(
        tuple(x for index, x in enumerate(sources.contents) if index % CHECKED_EVERY),
        tuple(style for style in sources.styles if id(style) not in checked),
    ), Sources(
        sources.contents[::CHECKED_EVERY],
        tuple(style for style in sources.styles if id(style) in checked),
    )


def distinct(pictures: Sequence[Pixels]) -> list[Pixels]:
    """Each once, though sources hold paintings several times."""
    return list({id(picture): picture for picture in pictures}.values())


def random_crop(picture: Pixels, rng: np.random.Generator) -> Pixels:
    """A square of 60 to 100 % of the short side, at random place, maybe mirrored, at ``SIDE``²."""
    height, width = picture.shape[:2]
    side = int(min(height, width) * rng.uniform(0.6, 1.0))
    top, left = rng.integers(0, height - side + 1), rng.integers(0, width - side + 1)
    square = Image.fromarray(picture[top : top + side, left : left + side])
    crop = np.asarray(square.resize((SIDE, SIDE), Image.Resampling.LANCZOS))
    return np.ascontiguousarray(crop[:, ::-1] if rng.random() < 0.5 else crop)


def _part(folder: Path, split: Split) -> list[Path]:
    found = sorted(p for p in folder.glob("*") if p.suffix.lower() in SUFFIXES)
    if len(found) < HELD_OUT_EVERY:
        raise ParticipantError(
            "compact.images",
            f"{folder} holds {len(found)} pictures, but {HELD_OUT_EVERY} or more are needed; name "
            "a folder with pictures in content/ and style/.",
        )
    held = set(found[HELD_OUT_PLACE::HELD_OUT_EVERY])
    return [path for path in found if (path in held) == (split == "heldout")]


def _read(paths: Sequence[Path]) -> tuple[Pixels, ...]:
    return tuple(np.asarray(Image.open(path).convert("RGB")) for path in paths)
