"""Training pictures in sets of one method each: what FID compares, CompactInception is fitted to.

Beside outputs there are sets of paintings and of photographs, which FID meets too.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evaluator.compact.heldout import STRENGTHS
from evaluator.compact.invented import INVENTED, Invented, invented, random_network
from evaluator.compact.sources import Pixels, Sources, distinct, random_crop
from evaluator.compact.spoiling import spoil
from evaluator.compact.stylisers import Styliser, blend

__all__ = ["SET", "keep_sets", "make_sets"]

SET = 4
OUTPUTS = 4  # of a method, before they are blended at several strengths
PAINTINGS, PHOTOGRAPHS = 1, 2  # crops of each

Sets = NDArray[np.uint8]  # [S, SET, SIDE, SIDE, 3]
Rng = np.random.Generator
Tell = Callable[[int, int], None]


def keep_sets(
    path: Path, sources: Sources, stylisers: Sequence[Styliser], *, seed: int, tell: Tell
) -> Sets:
    """The sets in the file ``path``, made if it is not there; the same for the same seed."""
    if not path.exists():
        part = path.with_suffix(".part.npy")
        np.save(part, make_sets(sources, [*stylisers, *_made_up()], seed=seed, tell=tell))
        part.replace(path)
    sets: Sets = np.load(path, mmap_mode="r")
    return sets


def make_sets(sources: Sources, methods: Sequence[Styliser], *, seed: int, tell: Tell) -> Sets:
    """Each method's outputs at every strength, a multiple of ``SET`` together; then originals."""
    sets: list[Sets] = []
    paintings = distinct(sources.styles)
    for number, method in enumerate(methods):
        rngs = [np.random.default_rng([seed, number, index]) for index in range(OUTPUTS)]
        made = [_output(sources.contents, paintings, method, rng) for rng in rngs]
        for strength in STRENGTHS:
            sets += _cut([blend(content, output, strength) for content, output in made])
        tell(number + 1, len(methods))
    rng = np.random.default_rng([seed])
    for pictures, times in ((paintings, PAINTINGS), (sources.contents, PHOTOGRAPHS)):
        sets += _cut([random_crop(picture, rng) for picture in pictures for _ in range(times)])
    return np.stack(sets)


def _output(
    contents: Sequence[Pixels], paintings: Sequence[Pixels], method: Styliser, rng: Rng
) -> tuple[Pixels, Pixels]:
    """A content and what the method makes of it and a painting."""
    content, painting = (
        random_crop(pictures[int(rng.integers(len(pictures)))], rng)
        for pictures in (contents, paintings)
    )
    return content, method(content, painting)


def _cut(pictures: Sequence[Pixels]) -> list[Sets]:
    """In sets; what is left over is dropped."""
    whole = range(0, len(pictures) - SET + 1, SET)
    return [np.stack(pictures[start : start + SET]) for start in whole]


def _made_up() -> list[Styliser]:
    """Invented methods, of the same parameters for all of their pictures."""
    numbered = [(method, place) for place, method in enumerate(dict.fromkeys(INVENTED))]
    numbered += [(random_network, 1000 + number) for number in range(4)]
    numbered += [(invented, 2000 + number) for number in range(3)]
    return [*(_fixed(method, seed) for method, seed in numbered), _spoilt, _copied]


def _fixed(method: Invented, seed: int) -> Styliser:
    return lambda content, style: method(content, style, np.random.default_rng(seed))


def _spoilt(content: Pixels, _style: Pixels) -> Pixels:
    return spoil(content, np.random.default_rng(int(content.sum())))


def _copied(_content: Pixels, style: Pixels) -> Pixels:
    return style
