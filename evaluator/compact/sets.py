"""Training pictures in sets of one method each: what FID compares, CompactInception learns from.

Every set has a method of its own, so that the network meets as many as there are sets. Some sets
are of paintings and of photographs, which FID meets too.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.compact.groups import Groups
from evaluator.compact.heldout import STRENGTHS
from evaluator.compact.invented import invented, random_network
from evaluator.compact.kept import kept_pictures
from evaluator.compact.sources import SIDE, Pixels, Sources, distinct, random_crop
from evaluator.compact.spoiling import spoil
from evaluator.compact.stylisers import Styliser, blend, entry_styliser
from evaluator.compact.varied import varied

__all__ = ["CHECKED", "SET", "Units", "keep_checks", "keep_sets", "make_checks", "make_set"]

SET = 4
CHECKED = 32  # pictures of a set that learning is checked with
VARIED_CHECKS = 12  # methods with changed weights among those
Rng = np.random.Generator
Sets = NDArray[np.uint8]  # [S, n, SIDE, SIDE, 3]
Tell = Callable[[int, int], None]

KINDS = {
    "varied": 0.42,
    "entry": 0.12,
    "invented": 0.2,
    "network": 0.06,
    "spoilt": 0.04,
    "shuffled": 0.03,
    "painting": 0.07,
    "photograph": 0.06,
}
"""What a set may be of, and how often it is."""

FULL = 0.4  # of the sets at full strength; the others are blends with the content


class Units(Sequence[Sets]):
    """Pictures that are looked at together: the sets, then the first ``SET`` of each group.

    Those are a content, a style and outputs made of them.
    """

    def __init__(self, sets: Sets, groups: Groups) -> None:
        self._sets, self._groups = sets, groups

    def __len__(self) -> int:
        return len(self._sets) + len(self._groups)

    def __getitem__(self, index: Any) -> Any:
        """uint8 [SET, SIDE, SIDE, 3] of a number."""
        if index < len(self._sets):
            return self._sets[index]
        return self._groups[index - len(self._sets)][:SET]


def keep_sets(
    path: Path,
    sources: Sources,
    entries: Sequence[Path],
    *,
    count: int,
    seed: int,
    tell: Tell,
) -> Sets:
    """The sets in the file ``path``, made if it is not there; the same for the same seed."""

    def make() -> Sets:
        made = []
        for number in range(count):
            made.append(make_set(sources, entries, np.random.default_rng([seed, number])))
            tell(number + 1, count)
        return np.stack(made)

    return kept_pictures(path, make)


def keep_checks(
    path: Path,
    sources: Sources,
    entries: Sequence[Path],
    checks: Sequence[Path],
    *,
    seed: int,
    tell: Tell,
) -> Sets:
    """As ``make_checks``, in the file ``path``.

    Methods are the entries of ``checks``, and of those to learn from some with changed weights.
    """

    def make() -> Sets:
        rngs = [np.random.default_rng([seed, number]) for number in range(VARIED_CHECKS)]
        methods = [entry_styliser(archive) for archive in checks]
        methods += [varied(entries, rng) for rng in rngs]
        return make_checks(sources, methods, seed=seed, tell=tell)

    return kept_pictures(path, make)


def make_set(sources: Sources, entries: Sequence[Path], rng: Rng) -> Sets:
    """uint8 [SET, SIDE, SIDE, 3] by one method, of different photographs and paintings."""
    kind = str(rng.choice(list(KINDS), p=list(KINDS.values())))
    method = _method(kind, entries, rng)
    strength = 1.0 if rng.random() < FULL else float(rng.uniform(0.2, 1))
    found = []
    for _ in range(SET):
        content, painting = _pair(sources, rng)
        found.append(blend(content, method(content, painting), strength))
    return np.stack(found)


def make_checks(sources: Sources, stylisers: Sequence[Styliser], *, seed: int, tell: Tell) -> Sets:
    """[methods · strengths + 1, CHECKED, SIDE, SIDE, 3]: outputs by method and strength, the same
    pairs of each, and last the paintings that FID compares them with."""
    rng = np.random.default_rng(seed)
    pairs = [_pair(sources, rng) for _ in range(CHECKED)]
    sets = []
    for number, method in enumerate(stylisers):
        outputs = [method(content, painting) for content, painting in pairs]
        for strength in STRENGTHS:
            blends = (blend(c, made, strength) for (c, _), made in zip(pairs, outputs, strict=True))
            sets.append(np.stack(list(blends)))
        tell(number + 1, len(stylisers))
    paintings = distinct(sources.styles)
    sets.append(np.stack([random_crop(paintings[i % len(paintings)], rng) for i in range(CHECKED)]))
    return np.stack(sets)


def _method(kind: str, entries: Sequence[Path], rng: Rng) -> Styliser:
    """One of ``KINDS``, of the same parameters for all of its pictures."""
    if kind == "varied":
        return varied(entries, rng)
    if kind == "entry":
        return entry_styliser(entries[int(rng.integers(len(entries)))])
    if kind == "painting":
        return lambda _content, style: style
    if kind == "photograph":
        return lambda content, _style: content
    seed = int(rng.integers(2**31))
    made_up = {"invented": invented, "network": random_network}
    if make := made_up.get(kind):
        return lambda content, style: make(content, style, np.random.default_rng(seed))
    if kind == "spoilt":
        return lambda content, _style: spoil(content, np.random.default_rng(seed))
    side = int(rng.choice([8, 16, 32, 64]))
    return lambda _content, style: _shuffled(style, side, rng)


def _shuffled(style: Pixels, side: int, rng: Rng) -> Pixels:
    """The style's squares in another order: its textures, nothing of the content."""
    count = SIDE // side
    squares = style.reshape(count, side, count, side, 3).swapaxes(1, 2).reshape(-1, side, side, 3)
    mixed = rng.permutation(squares).reshape(count, count, side, side, 3)
    return np.ascontiguousarray(mixed.swapaxes(1, 2).reshape(SIDE, SIDE, 3))


def _pair(sources: Sources, rng: Rng) -> tuple[Pixels, Pixels]:
    """Crops of a photograph and of a painting."""
    contents, styles = sources.contents, sources.styles
    return (
        random_crop(contents[int(rng.integers(len(contents)))], rng),
        random_crop(styles[int(rng.integers(len(styles)))], rng),
    )
