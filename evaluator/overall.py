"""The overall scores of an entry: means of pair values, set metrics, composites, their intervals.

How an interval is made depends on what is known of a metric's spread:

* means of pairs, metrics that are means over outputs, and KID, where the influence of each output
  is known: replicates scaled to the variance of a crossed design, which cover (``crossing``);
* FID and its kin, recall and coverage: replicates moved onto the value, because a resample holds
  fewer different pictures than the set and so lies elsewhere;
* FID∞ has none: a resample cannot be cut into smaller samples.

The truth that is meant is that of more contents and styles of this kind, against the same reference
set.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluator.crossing import Crossing
from evaluator.intervals import Weights, percentile_interval, weighted_means
from evaluator.metrics.catalogue import METRICS, metric_info
from evaluator.metrics.facts import FACTS
from evaluator.protocols import MetricSpec, Protocol
from evaluator.report import Score
from evaluator.set_measures import (
    Composite,
    Need,
    Resampled,
    Scored,
    SetMeasure,
    SetTarget,
    Slow,
    Smooth,
    composite,
    set_measure,
)

__all__ = ["Found", "Heard", "Sample", "overall_scores", "unheard"]

Floats = NDArray[np.float64]
Rows = NDArray[np.float32]

Heard = Callable[[str, int, int], None]
"""Called with a metric's short name, the replicates done and their number."""

NO_REPLICATES: Floats = np.empty(0)


def unheard(_metric: str, _done: int, _total: int) -> None:
    """Say nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """What scores are computed from: the values and rows of n pairs, and resamples [K, n]."""

    protocol: Protocol
    crossing: Crossing
    resamples: Weights
    values: dict[str, Floats]
    features: dict[str, Rows]
    reference: Callable[[Need], Rows]
    heard: Heard = unheard

    @property
    def size(self) -> int:
        return int(self.resamples.shape[1])

    @property
    def set_resamples(self) -> Floats:
        """The first few, for metrics that cost more."""
        return self.resamples[: self.protocol.bootstrap.set_replicates].astype(np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """One metric: its score, its replicates, and the same placed and scaled for the interval."""

    score: Score
    replicates: Floats
    spread: Floats


def overall_scores(sample: Sample) -> tuple[dict[str, Found], dict[str, str]]:
    """What was found for each of the protocol's metrics, and the sentence why for the others.

    Both in the catalogue's order; composites are computed last, wherever they stand.
    """
    found: dict[str, Found] = {}
    refused: dict[str, str] = {}
    for spec in sorted(sample.protocol.metrics, key=lambda spec: composite(spec) is not None):
        result = _too_few(spec, sample) or _score(spec, sample, found)
        if isinstance(result, str):
            refused[spec.name] = result
        else:
            found[spec.name] = result
    in_order = list(METRICS)
    return (
        {name: found[name] for name in in_order if name in found},
        {name: refused[name] for name in in_order if name in refused},
    )


def _too_few(spec: MetricSpec, sample: Sample) -> str:
    if sample.size >= spec.minimum:
        return ""
    return (
        f"{metric_info(spec.name).short} needs at least {spec.minimum} pairs under this protocol, "
        f"but there are {sample.size}."
    )


def _score(spec: MetricSpec, sample: Sample, found: dict[str, Found]) -> Found | str:
    made = composite(spec)
    if made is not None:
        return _composite(spec, made, sample, found)
    measure = set_measure(spec)
    if measure is not None:
        return _of_set(spec, measure, sample)
    values = sample.values[spec.name]
    return _mean(spec, float(values.mean()), values, sample.resamples, sample)


def _of_set(spec: MetricSpec, measure: SetMeasure, sample: Sample) -> Found | str:
    rows, info = sample.features[measure.stream], metric_info(spec.name)
    references = [sample.reference(need) for need in measure.needs]
    if len(rows) <= measure.above:
        return f"{info.short} needs more than {measure.above} pairs, but there are {len(rows)}."
    for need, reference in zip(measure.needs, references, strict=True):
        if len(reference) < measure.references:
            what = "style reference" if need.pictures == "reference" else "content"
            count = {1: "one picture", 2: "two pictures"}.get(
                measure.references, f"{measure.references} pictures"
            )
            return f"{info.short} needs a {what} set of at least {count}."
    try:
        target = measure.target(*references)
    except ValueError as error:
        return f"{info.short} cannot be computed on this dataset: {error}."
    return _spread_of_set(spec, target, rows, sample)


def _spread_of_set(spec: MetricSpec, target: SetTarget, rows: Rows, sample: Sample) -> Found:
    if isinstance(target, Scored):
        scores = target.scores(rows)
        return _mean(spec, float(scores.mean()), scores, sample.set_resamples, sample)
    value = target.value(rows)
    if not isinstance(target, Resampled):
        return _found(spec, value, NO_REPLICATES, NO_REPLICATES, sample)
    replicates = _replicates(metric_info(spec.name).short, target, rows, sample)
    if isinstance(target, Smooth):
        spread = _scaled(value, replicates, target.influence(rows), sample)
    else:
        spread = _moved(value, replicates)
    return _found(spec, value, replicates, spread, sample)


def _replicates(short: str, target: Resampled, rows: Rows, sample: Sample) -> Floats:
    weights = sample.set_resamples
    if not isinstance(target, Slow):
        return target.replicates(rows, weights)
    parts = []
    for start in range(0, len(weights), target.at_once):
        sample.heard(short, start, len(weights))
        parts.append(target.replicates(rows, weights[start : start + target.at_once]))
    sample.heard(short, len(weights), len(weights))
    return np.concatenate(parts) if parts else NO_REPLICATES


def _mean(
    spec: MetricSpec,
    value: float,
    values: Floats,
    resamples: Weights | Floats,
    sample: Sample,
) -> Found:
    replicates = weighted_means(values, resamples)
    spread = _scaled(value, replicates, values - value, sample)
    return _found(spec, value, replicates, spread, sample)


def _composite(
    spec: MetricSpec, made: Composite, sample: Sample, found: dict[str, Found]
) -> Found | str:
    missing = [metric_info(part).short for part in made.parts if part not in found]
    if missing:
        return f"{metric_info(spec.name).short} needs {' and '.join(missing)}, which is refused."
    parts = [found[part] for part in made.parts]
    value = made.value(tuple(part.score.value for part in parts))
    replicates, spread = (
        np.array([made.value(each) for each in zip(*columns, strict=False)])
        for columns in ([p.replicates for p in parts], [p.spread for p in parts])
    )
    return _found(spec, value, replicates, spread, sample)


def _scaled(value: float, replicates: Floats, influence: Floats, sample: Sample) -> Floats:
    spread = sample.crossing.spread(influence)
    if spread is None or len(replicates) == 0:
        return NO_REPLICATES
    return spread.scaled(replicates, value, sample.protocol.bootstrap.level)


def _moved(value: float, replicates: Floats) -> Floats:
    return value + (replicates - np.median(replicates)) if len(replicates) else replicates


def _found(
    spec: MetricSpec, value: float, replicates: Floats, spread: Floats, sample: Sample
) -> Found:
    """With an interval that ends where the metric's values do."""
    ends = FACTS[spec.name].range
    interval = percentile_interval(spread, sample.protocol.bootstrap.level)
    low, high = np.clip(interval, ends.low, ends.high).tolist() if interval else (None, None)
    score = Score(value=value, low=low, high=high, n=sample.size)
    return Found(score, replicates, spread)
