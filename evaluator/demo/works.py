"""Which painted work plays which part: the styles and the reference works of each split.

A work is named by its family and number; no number serves two parts or both splits.
"""

from dataclasses import dataclass
from typing import Literal

__all__ = ["FAMILY_NAMES", "Split", "Work", "works_of"]

Split = Literal["public", "heldout"]
PER_SPLIT = 9

# The work of each family that is shown as its style, in the public and in the held-out split.
_STYLES: dict[str, tuple[int, int]] = {
    "cubist-facets": (1, 16),
    "engraving": (1, 11),
    "impasto": (0, 13),
    "mosaic": (1, 13),
    "pointillism": (1, 12),
    "stained-glass": (2, 13),
    "watercolour": (5, 16),
    "woodblock": (0, 10),
}
FAMILY_NAMES: tuple[str, ...] = tuple(_STYLES)


@dataclass(frozen=True, slots=True)
class Work:
    """A painted work and its part in the dataset: a style, or one of the reference works."""

    family: str
    number: int
    part: Literal["style", "reference"]

    @property
    def file(self) -> str:
        """Where it lies in the dataset folder."""
        return f"{self.part}/{self.family}/{self.family}-{self.number:02d}.png"


def works_of(split: Split) -> tuple[Work, ...]:
    """The works of a split: for each of the eight families one style and eight references."""
    first = 0 if split == "public" else PER_SPLIT
    return tuple(
        Work(family, number, "style" if number in styles else "reference")
        for family, styles in _STYLES.items()
        for number in range(first, first + PER_SPLIT)
    )
