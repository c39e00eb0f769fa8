"""Intervals: one seeded list of bootstrap resamples of the pairs, shared by every entry.

Contents and styles are resampled each on its own and crossed, because pairs that share a picture
are not independent. Replicates are kept, so two reports can be compared replicate by replicate;
how wide their intervals are is for ``crossing`` to say, since crossed resamples alone are wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from evaluator.crossing import Crossing
from evaluator.errors import ParticipantError

if TYPE_CHECKING:
    from evaluator.report import Report

__all__ = [
    "Difference",
    "Weights",
    "crossed_resamples",
    "paired_difference",
    "paired_differences",
    "percentile_interval",
    "weighted_means",
]

Floats = NDArray[np.float64]
Weights = NDArray[np.float32]  # of whole numbers, which it holds exactly below 2²⁴

BLOCK = 64  # resamples whose products are in memory at once
MAX_DRAWS = 1000  # per resample, before the pairs count as too few to be resampled
DEFAULT_LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Difference:
    """``value`` is a − b with the interval of ``paired_difference``. A tie holds 0."""

    metric: str
    value: float
    low: float | None
    high: float | None

    @property
    def is_tie(self) -> bool:
        """Whether the pairs cannot tell the two apart: the interval holds 0, or there is none."""
        if self.low is None or self.high is None:
            return True
        return self.low <= 0 <= self.high


def crossed_resamples(
    contents: Sequence[str], styles: Sequence[str], *, replicates: int, seed: int
) -> Weights:
    """Weights of n pairs in each bootstrap resample: float32 [replicates, n], whole numbers.

    ``contents[i]`` and ``styles[i]`` are the pictures of pair i. A resample draws as many contents
    as there are, with replacement, and as many styles; a pair weighs the product of how often its
    two pictures were drawn (the pigeonhole bootstrap of Owen 2007, "The pigeonhole bootstrap",
    Annals of Applied Statistics 1(2)). A resample that leaves fewer than two pairs, which only
    sparse pair lists meet, is drawn again. Returns [0, n] where no resample can differ.
    """
    content_index, style_index = _indices(contents), _indices(styles)
    if len(contents) < 2:
        return np.empty((0, len(contents)), np.float32)
    uniform = _Uniform(seed)
    weights = np.empty((replicates, len(contents)), np.float32)
    for row in weights:
        drawn = _draw(content_index, style_index, uniform)
        if drawn is None:
            return np.empty((0, len(contents)), np.float32)
        row[:] = drawn
    return weights


def weighted_means(values: Floats, weights: Weights | Floats) -> Floats:
    """The mean of n values under each of R resamples, weights [R, n]: float64 [R]."""
    blocks = [weights[start : start + BLOCK] for start in range(0, len(weights), BLOCK)]
    means = [(block * values).sum(axis=1) / block.sum(axis=1, dtype=np.float64) for block in blocks]
    return np.concatenate(means) if means else np.empty(0)


def percentile_interval(replicates: Floats, level: float) -> tuple[float, float] | None:
    """The central ``level`` part of the replicates (Efron 1979); None without replicates."""
    if len(replicates) == 0:
        return None
    tail = (1 - level) / 2
    low, high = np.quantile(replicates, [tail, 1 - tail])
    return float(low), float(high)


def paired_difference(
    a: Report, b: Report, metric: str, *, level: float = DEFAULT_LEVEL
) -> Difference:
    """How far ``a`` is from ``b`` in one metric, with the interval of the difference.

    For a mean over pairs it is the mean of the pairs' differences, with the spread of their crossed
    design: what both entries owe to a picture drops out. Differences of set metrics are known by
    their replicates alone: those are moved onto the value, as the report does with a score's.

    Raises ParticipantError ``compare.provenance`` if the reports were not made alike, and
    ``compare.metric`` if one of them lacks the metric.
    """
    _require_alike(a, b)
    for report in (a, b):
        if metric not in report.overall:
            raise ParticipantError(
                "compare.metric", f"The report of {report.entry.name} has no score {metric}."
            )
    value = a.overall[metric].value - b.overall[metric].value
    ours, theirs = a.replicates.get(metric, []), b.replicates.get(metric, [])
    k = min(len(ours), len(theirs))
    replicates = np.array(ours[:k], np.float64) - np.array(theirs[:k], np.float64)
    placed = _placed(value, replicates, _by_pairs(a, b, metric), level)
    low, high = percentile_interval(placed, level) or (None, None)
    return Difference(metric, value, low, high)


def _placed(
    value: float, replicates: Floats, by_pairs: tuple[Crossing, Floats] | None, level: float
) -> Floats:
    """The replicates of a difference where its interval is to be read from them."""
    if len(replicates) == 0:
        return replicates
    if by_pairs is None:
        return np.asarray(value + (replicates - np.median(replicates)))
    crossing, gaps = by_pairs
    spread = crossing.spread(gaps - gaps.mean())
    return np.empty(0) if spread is None else spread.scaled(replicates, value, level)


def _by_pairs(a: Report, b: Report, metric: str) -> tuple[Crossing, Floats] | None:
    """The differences [n] of the pairs' own values; None for a metric that pairs do not have."""
    theirs = {pair.pair: pair.values[metric] for pair in b.pairs if metric in pair.values}
    shared = [pair for pair in a.pairs if metric in pair.values and pair.pair in theirs]
    if not shared:
        return None
    gaps = [pair.values[metric] - theirs[pair.pair] for pair in shared]
    contents, styles = ([getattr(p, kind) for p in shared] for kind in ("content", "style"))
    return Crossing.of(contents, styles), np.array(gaps, np.float64)


def paired_differences(
    a: Report, b: Report, *, level: float = DEFAULT_LEVEL
) -> dict[str, Difference]:
    """``paired_difference`` for every metric that both reports hold, in ``a``'s order."""
    _require_alike(a, b)
    shared = [metric for metric in a.overall if metric in b.overall]
    return {metric: paired_difference(a, b, metric, level=level) for metric in shared}


def _require_alike(a: Report, b: Report) -> None:
    ours, theirs = a.provenance.key._asdict(), b.provenance.key._asdict()
    apart = [name.replace("_", " ") for name in ours if ours[name] != theirs[name]]
    if apart:
        raise ParticipantError(
            "compare.provenance",
            f"These reports differ in {' and '.join(apart)}, so their scores cannot be compared; "
            "evaluate both entries in the same way.",
        )


class _Uniform:
    """Uniform numbers from Philox' raw output: the same with every version of numpy.

    numpy promises the raw stream of a bit generator, but not what ``Generator`` makes of it.
    """

    def __init__(self, seed: int) -> None:
        self._bits = np.random.Philox(key=seed)

    def integers(self, below: int, count: int) -> NDArray[np.int64]:
        raw = self._bits.random_raw(count)
        unit = (raw >> np.uint64(11)).astype(np.float64) * 2.0**-53  # 0 ≤ unit < 1, exactly
        return np.floor(unit * below).astype(np.int64)


def _indices(names: Sequence[str]) -> NDArray[np.int64]:
    order = {name: index for index, name in enumerate(sorted(set(names)))}
    return np.array([order[name] for name in names], dtype=np.int64)


def _draw(
    content_index: NDArray[np.int64], style_index: NDArray[np.int64], uniform: _Uniform
) -> Floats | None:
    for _ in range(MAX_DRAWS):
        weights = _counts(content_index, uniform) * _counts(style_index, uniform)
        if np.count_nonzero(weights) >= 2:
            return weights
    return None


def _counts(index: NDArray[np.int64], uniform: _Uniform) -> Floats:
    """How often the picture of each pair is drawn."""
    pictures = int(index.max()) + 1
    drawn = uniform.integers(pictures, pictures)
    return np.bincount(drawn, minlength=pictures)[index].astype(np.float64)
