"""Training pictures in groups that belong together: a content, a style and outputs made of them.

The losses that the networks are for compare pictures of one pair, so that is what they learn from.
"""

from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from evaluator.compact.invented import invented
from evaluator.compact.kept import kept_pictures
from evaluator.compact.sources import SIDE, Pixels, Sources, random_crop
from evaluator.compact.spoiling import spoil
from evaluator.compact.stylisers import Styliser, blend
from evaluator.compact.varied import varied

__all__ = ["GROUP", "PAIRS", "Groups", "keep_groups", "make_group"]

GROUP = 6
"""Content, style, three stylised pictures, one that is spoilt."""

SHARES = 0.5, 0.4
"""Of outputs by stylisers and by invented methods; the rest are blends with the style."""

VARIED = 0.6  # of the outputs by stylisers, by one with changed weights

PAIRS = tuple(combinations(range(GROUP), 2))

T = TypeVar("T")

Groups = NDArray[np.uint8]  # [G, GROUP, SIDE, SIDE, 3]


def keep_groups(
    path: Path,
    sources: Sources,
    stylisers: Sequence[Styliser],
    *,
    entries: Sequence[Path],
    count: int,
    seed: int,
    tell: Callable[[int, int], None],
) -> Groups:
    """The groups in the file ``path``, made if it is not there; the same for the same seed.

    ``entries``: archives whose networks stylise with changed weights too.
    """

    def make() -> Groups:
        made = []
        for index in range(count):
            rng = np.random.default_rng([seed, index])
            made.append(make_group(sources, stylisers, rng, entries))
            tell(index + 1, count)
        return np.stack(made)

    return kept_pictures(path, make)


def make_group(
    sources: Sources,
    stylisers: Sequence[Styliser],
    rng: np.random.Generator,
    entries: Sequence[Path] = (),
) -> Groups:
    """One group uint8 [GROUP, SIDE, SIDE, 3]."""
    content = random_crop(_any(sources.contents, rng), rng)
    style = random_crop(_any(sources.styles, rng), rng)
    if rng.random() < 0.2:
        content = spoil(content, rng)
    outputs = [_stylised(content, style, stylisers, rng, entries) for _ in range(GROUP - 3)]
    spoilt = spoil(outputs[0] if rng.random() < 0.5 else content, rng)
    return np.stack([content, style, *outputs, spoilt])


def _stylised(
    content: Pixels,
    style: Pixels,
    stylisers: Sequence[Styliser],
    rng: np.random.Generator,
    entries: Sequence[Path],
) -> Pixels:
    """By one of the stylisers or an invented method, in full or in part; or a blend with the style.

    Now and then it is damaged afterwards.
    """
    kind = rng.choice(["styliser", "invented", "style"], p=[*SHARES, 1 - sum(SHARES)])
    if kind == "styliser":
        changed = entries and rng.random() < VARIED
        any_styliser = varied(entries, rng) if changed else _any(stylisers, rng)
        output = any_styliser(content, style)
    else:
        output = style if kind == "style" else invented(content, style, rng)
    if output.shape != (SIDE, SIDE, 3):
        raise ValueError(f"a styliser made a picture of shape {output.shape}")
    if rng.random() < 0.1:
        output = spoil(output, rng)
    full = kind != "style" and rng.random() < 0.4
    return output if full else blend(content, output, float(rng.uniform(0.1, 1)))


def _any(things: Sequence[T], rng: np.random.Generator) -> T:
    return things[int(rng.integers(len(things)))]
