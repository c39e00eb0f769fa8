"""What a report says beside its numbers: who reads them should know it. No torch.

Sentences about too few references, and checks of honesty: outputs that are the style picture or
hold patches cut out of it, outputs that are reference pictures, a win in one network's eyes alone.
They accuse nobody: they say what to look at, and name no pair, since boards show them where pairs
are held out.
"""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from evaluator.datasets import Dataset
from evaluator.metrics.catalogue import metric_info
from evaluator.protocols import Protocol
from evaluator.report import Score

__all__ = ["notices"]

Floats = NDArray[np.float64]

COPIED = 0.02
"""Of 95 outputs of seven published models none had more than 0.008 of its patches so alike to one
of the style; a pasted square of 96 of 256 pixels has 0.085 and more (``style_copy``'s page)."""

FRECHET = frozenset({"fid", "sfid", "clean_fid", "fid_share", "fid_guard", "fid_share_guard"})
"""FID∞, whose minimum is of pairs alone, is spoken of with FID, which is held beside it."""

MEMORISED = 0.1
"""The threshold of MiFID's competition (Bai et al. 2021)."""


def notices(
    dataset: Dataset,
    protocol: Protocol,
    scores: Mapping[str, Score],
    values: Mapping[str, Floats],
    *,
    of_run: Iterable[str] = (),
) -> Iterator[str]:
    """The protocol's, the run's, and those that overall ``scores`` and pairs' ``values`` call for.

    ``values`` are [N] each, in the dataset's pair order.
    """
    yield from filter(None, (protocol.notice, *of_run))
    yield from _few_references(dataset, protocol, scores)
    if "style_loss" in values:
        yield from _whole(values["style_loss"])
    if "style_copy" in values:
        yield from _cut_out(values["style_copy"])
    if "memorisation_distance" in scores:
        yield from _memorised(scores["memorisation_distance"])
    if "guard_gap" in scores:
        yield from _guarded(scores["guard_gap"])


def _few_references(
    dataset: Dataset, protocol: Protocol, scores: Mapping[str, Score]
) -> Iterator[str]:
    """Of Fréchet distances: what else needs references asks for them itself."""
    count = len(dataset.reference)
    names = [
        metric_info(name).short
        for name in scores
        if name in FRECHET and count < protocol.metric(name).minimum
    ]
    if names:
        values = "their values compare" if len(names) > 1 else "its value compares"
        yield (
            f"{', '.join(names)}: the reference set has only {count} pictures: {values} entries on "
            "this dataset, nothing else."
        )


def _whole(losses: Floats) -> Iterator[str]:
    """No painting comes to exactly 0, under any network."""
    if count := int((losses == 0).sum()):
        yield f"{count} of {len(losses)} outputs are their style picture itself (style loss 0)."


def _cut_out(shares: Floats) -> Iterator[str]:
    if count := int((shares >= COPIED).sum()):
        yield (
            f"{count} of {len(shares)} outputs hold patches that look cut out of their style "
            "picture: look at them before you rank them."
        )


def _memorised(score: Score) -> Iterator[str]:
    if score.value < MEMORISED:
        yield (
            f"Outputs are next to pictures of the reference set (memorisation distance "
            f"{score.value:.2g}, below {MEMORISED:g}): look whether they are copies."
        )


def _guarded(gap: Score) -> Iterator[str]:
    if gap.low is not None and gap.low > 0:
        yield (
            f"A second network sees less of the way to the reference done than FID's own (gap "
            f"{gap.value:.2g}, from {gap.low:.2g} on): the entry may suit FID's network alone."
        )
