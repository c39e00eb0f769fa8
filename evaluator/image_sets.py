"""Pictures, sets of pictures and pairs: the plain values that datasets are made of.

They hold ids, paths and digests, never pixels, and read no file.
"""

import hashlib
import json
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["ImageSet", "Pair", "Picture", "digest_of"]


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture file: ``id`` is unique in its set, ``sha256`` is that of the file's bytes."""

    id: str
    path: Path
    sha256: str
    family: str
    licence: str


@dataclass(frozen=True, slots=True)
class ImageSet:
    """Pictures sorted by id, with a digest over the set's name, ids, bytes and families."""

    name: str
    pictures: tuple[Picture, ...]
    digest: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", digest_of([self.name, self.identity]))

    @property
    def identity(self) -> list[tuple[str, str, str]]:
        """What makes the set what it is: (id, sha256, family) of each picture, no paths."""
        return [(picture.id, picture.sha256, picture.family) for picture in self.pictures]

    def by_id(self, picture_id: str) -> Picture:
        """The picture with that id; KeyError if there is none."""
        index = bisect_left(self.pictures, picture_id, key=lambda picture: picture.id)
        if index == len(self.pictures) or self.pictures[index].id != picture_id:
            raise KeyError(picture_id)
        return self.pictures[index]

    def __len__(self) -> int:
        return len(self.pictures)

    def __iter__(self) -> Iterator[Picture]:
        return iter(self.pictures)


@dataclass(frozen=True, slots=True)
class Pair:
    """One thing to stylise: the ids of a content and a style picture, joined by ``__``."""

    id: str
    content: str
    style: str

    @classmethod
    def of(cls, content: str, style: str) -> "Pair":
        """The pair of these picture ids, with the id that follows from them."""
        return cls(f"{content}__{style}", content, style)


def digest_of(value: object) -> str:
    """sha256, in hex, of a value's canonical JSON."""
    canonical = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
