"""Pictures to test the compact networks on: photographs, paintings and methods of no training.

Every pair of a held-out photograph and a held-out painting is stylised by every method at several
strengths, so that there is a set of outputs for each method and strength.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evaluator.compact.sources import Pixels, Sources, random_crop
from evaluator.compact.stylisers import Styliser, blend

__all__ = ["STRENGTHS", "HeldOut", "held_out"]

STRENGTHS = (0.35, 0.7, 1.0)
"""The share of the stylised picture; the rest is the content picture."""

REFERENCES = 96


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """Pairs of pictures, their outputs by "METHOD STRENGTH", and real works as FID's reference.

    Pair metrics are taken of the first ``judged`` pairs, FID of all outputs.
    """

    contents: tuple[Pixels, ...]
    styles: tuple[Pixels, ...]
    outputs: Mapping[str, tuple[Pixels, ...]]
    references: tuple[Pixels, ...]
    judged: int

    @property
    def pictures(self) -> int:
        """The number of outputs that pair metrics are taken of."""
        return self.judged * len(self.outputs)


def held_out(
    sources: Sources,
    stylisers: Mapping[str, Styliser],
    *,
    pairs: int,
    judged: int,
    seed: int,
    tell: Callable[[int, int], None],
) -> HeldOut:
    """``pairs`` pairs, which go round photographs and works, each stylised in every way."""
    rng = np.random.default_rng(seed)
    paintings = _distinct(sources.styles)
    contents = [random_crop(sources.contents[i % len(sources.contents)], rng) for i in range(pairs)]
    styles = [random_crop(paintings[i % len(paintings)], rng) for i in range(pairs)]
    outputs: dict[str, list[Pixels]] = {}
    for done, (content, style) in enumerate(zip(contents, styles, strict=True), 1):
        for name, stylise in stylisers.items():
            full = stylise(content, style)
            for strength in STRENGTHS:
                made = blend(content, full, strength)
                outputs.setdefault(f"{name} {strength:g}", []).append(made)
        tell(done, pairs)
    references = [
        random_crop(sources.styles[int(i)], rng)
        for i in rng.integers(len(sources.styles), size=REFERENCES)
    ]
    kept = {name: tuple(made) for name, made in outputs.items()}
    return HeldOut(tuple(contents), tuple(styles), kept, tuple(references), min(judged, pairs))


def _distinct(styles: Sequence[Pixels]) -> list[Pixels]:
    """The real paintings: those that the sources hold several times."""
    seen: dict[int, list[Pixels]] = {}
    for style in styles:
        seen.setdefault(id(style), []).append(style)
    return [same[0] for same in seen.values() if len(same) > 1]
